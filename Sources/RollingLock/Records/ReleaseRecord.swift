// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

/// What a unit leaves behind when it gives the lock up: the token it held it under, and when.
struct ReleaseRecord: Equatable, Sendable {
    /// The version this code writes.
    ///
    /// Readers take what they know and skip the rest.
    static let version: Int64 = 1

    var fencingToken: EtcdRevision?
    var at: RollingLockTimestamp?

    init(fencingToken: EtcdRevision?, at: RollingLockTimestamp?) {
        self.fencingToken = fencingToken
        self.at = at
    }

    /// Reads a value; anybody may have written it, so anything goes.
    init(reading value: EtcdBytes) {
        let record = JSONRecord(parsing: value.bytes)
        self.fencingToken = record?[integer: "fencing_token"].map { EtcdRevision($0) }
        self.at = record?[integer: "at_ms"].map {
            RollingLockTimestamp(millisecondsSince1970: $0)
        }
    }

    var encoded: EtcdBytes {
        var record = JSONRecord()
        record[integer: "version"] = Self.version
        record[integer: "fencing_token"] = self.fencingToken?.rawValue
        record[integer: "at_ms"] = self.at?.millisecondsSince1970
        return EtcdBytes(record.json)
    }
}
