// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

/// What a ticket says of itself: who, since when, why.
///
/// For showing to people only.
struct TicketRecord: Equatable, Sendable {
    /// The version this code writes.
    ///
    /// Readers take what they know and skip the rest.
    static let version: Int64 = 1

    var unit: String?
    var since: RollingLockTimestamp?
    var reason: String?

    init(unit: String?, since: RollingLockTimestamp?, reason: String?) {
        self.unit = unit
        self.since = since
        self.reason = reason
    }

    /// Reads a value; anybody may have written it, so anything goes.
    init(reading value: EtcdBytes) {
        let record = JSONRecord(parsing: value.bytes)
        self.unit = record?[string: "unit"]
        self.since = record?[integer: "since_ms"].map {
            RollingLockTimestamp(millisecondsSince1970: $0)
        }
        self.reason = record?[string: "reason"]
    }

    var encoded: EtcdBytes {
        var record = JSONRecord()
        record[integer: "version"] = Self.version
        record[string: "unit"] = self.unit
        record[integer: "since_ms"] = self.since?.millisecondsSince1970
        record[string: "reason"] = self.reason
        return EtcdBytes(record.json)
    }
}
