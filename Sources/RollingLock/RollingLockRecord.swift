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
        /// A unit's work under the lock ended well.
        case done
        /// A unit's work under the lock failed.
        case failed
        /// A unit froze the lock.
        case frozen
        /// A unit let the roll go on.
        case unfrozen
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

    /// The exit status of the work, if it has one.
    public var status: Int?

    /// How long the lock was held for the work, as its unit's clock has it.
    public var held: Duration?

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
    /// For showing to people.
    var unit: String?
    var createRevision: EtcdRevision?
    var reason: String?
    var status: Int?
    var held: Duration?

    /// The end of the record's key.
    var name: String {
        // What happens to a ticket happens once; the rest needs a name that nothing else has.
        let subject =
            self.createRevision.map { "\($0.rawValue)" }
            ?? String(UInt64.random(in: .min ... .max), radix: 16)
        return "\(subject)-\(self.event.rawValue)"
    }

    var encoded: EtcdBytes {
        var record = JSONRecord()
        record[integer: "version"] = Self.version
        record[string: "event"] = self.event.rawValue
        record[string: "unit"] = self.unit
        record[integer: "create_revision"] = self.createRevision?.rawValue
        record[string: "reason"] = self.reason
        record[integer: "status"] = self.status.map(Int64.init)
        record[integer: "held_ms"] = self.held.map { Int64($0 / .milliseconds(1)) }
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
        self.status = record?[integer: "status"].flatMap { Int(exactly: $0) }
        self.held = record?[integer: "held_ms"].map { .milliseconds($0) }
        self.at = record?[integer: "at_ms"].map {
            RollingLockTimestamp(millisecondsSince1970: $0)
        }
        self.revision = keyValue.createRevision
    }
}
