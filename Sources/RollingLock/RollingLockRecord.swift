// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

public import EtcdKit

/// One entry of a lock's history.
///
/// Everything but the unit that wrote it is what that unit says.
public struct RollingLockRecord: Sendable, Hashable {
    /// What happened.
    public enum Event: String, Sendable, Hashable {
        /// An operator removed a ticket of another unit.
        case evicted
        /// A unit gave up its place.
        case cancelled
    }

    /// What happened; `nil` if a later version wrote it.
    public var event: Event?

    /// The unit that did it, as its key names it, fit for a terminal.
    public var writer: String

    /// The unit whose ticket it was, fit for a terminal.
    public var unit: String?

    /// The create revision of that ticket.
    public var createRevision: EtcdRevision?

    /// Why, fit for a terminal.
    public var reason: String?

    /// When, by the writer's wall clock.
    public var at: RollingLockTimestamp?

    /// The revision of etcd at which it was written, which gives the order.
    public var revision: EtcdRevision
}

/// A record as it is stored.
struct StoredRecord {
    static let version: Int64 = 1
    /// So many records are kept of each unit that writes any.
    static let limitPerUnit = 16

    var event: RollingLockRecord.Event
    var ticket: RollingLockTicket
    var reason: String?

    var encoded: EtcdBytes {
        var record = JSONRecord()
        record[integer: "version"] = Self.version
        record[string: "event"] = self.event.rawValue
        record[string: "unit"] = self.ticket.unitDescription
        record[integer: "create_revision"] = self.ticket.createRevision.rawValue
        record[string: "reason"] = self.reason
        record[integer: "at_ms"] = RollingLockTimestamp.now.millisecondsSince1970
        return EtcdBytes(record.json)
    }
}

extension RollingLockRecord {
    /// Reads a value; anybody may have written it, so anything goes.
    init(reading keyValue: EtcdKeyValue, writer: String) {
        let record = JSONRecord(parsing: keyValue.value.bytes)
        self.event = record?[string: "event"].flatMap(Event.init)
        self.writer = writer
        self.unit = record?[string: "unit"].map(Printable.text)
        self.createRevision = record?[integer: "create_revision"].map { EtcdRevision($0) }
        self.reason = record?[string: "reason"].map(Printable.text)
        self.at = record?[integer: "at_ms"].map {
            RollingLockTimestamp(millisecondsSince1970: $0)
        }
        self.revision = keyValue.createRevision
    }
}
