// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

/// Why a lock is frozen, by whom, since when, and who held it then.
///
/// For showing to people only: that the key is there is what counts.
struct FreezeRecord: Equatable, Sendable {
    /// The version this code writes.
    ///
    /// Readers take what they know and skip the rest.
    static let version: Int64 = 1

    var reason: String?
    var by: String?
    var at: RollingLockTimestamp?
    /// The create revisions of the tickets that held the lock.
    var holders: [EtcdRevision] = []

    init(reason: String, by unit: EtcdBytes, at: RollingLockTimestamp) {
        self.reason = reason
        self.by = Printable.name(unit.bytes)
        self.at = at
    }

    /// Reads a value; anybody may have written it, so anything goes.
    init(reading value: EtcdBytes) {
        let record = JSONRecord(parsing: value.bytes)
        self.reason = record?[string: "reason"]
        self.by = record?[string: "by"]
        self.at = record?[integer: "at_ms"].map {
            RollingLockTimestamp(millisecondsSince1970: $0)
        }
        self.holders = (record?[string: "holders"] ?? "").split(separator: ",").compactMap {
            Int64($0).map { EtcdRevision($0) }
        }
    }

    var encoded: EtcdBytes {
        var record = JSONRecord()
        record[integer: "version"] = Self.version
        record[string: "reason"] = self.reason
        record[string: "by"] = self.by
        record[integer: "at_ms"] = self.at?.millisecondsSince1970
        record[string: "holders"] = self.holders.map { "\($0.rawValue)" }.joined(separator: ",")
        return EtcdBytes(record.json)
    }
}
