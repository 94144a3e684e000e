// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

/// Where one lock of one cluster keeps what in etcd.
///
/// ```
/// <root>/<cluster-id>/v1/<lock>/
///     freeze                               nobody is granted the lock while it is there
///     limits/<slots>                       how many may hold the lock together
///     notice                               deleted to make everybody who waits look again
///     open/<unit>/<lease-hex>-<nonce>      the ticket of this name has not ended cleanly
///     queue/<unit>/<lease-hex>-<nonce>     a ticket, the only key with a lease
///     records/<unit>/…                     what operators did
///     released/<unit>                      the unit's last clean release
/// ```
///
/// A ticket and its `open` key are written in one transaction, and deleted in one when the ticket
/// comes to a clean end: an `open` key without its ticket tells of an owner that died or was
/// removed. Both, and all that decides who is granted the lock, lie in ``watched``, one range that
/// one watch covers. The end of a ticket's name is empty, `.shared` or `.group=<group>`.
struct LockKeys: Sendable, Hashable {
    /// `<root>/<cluster-id>/`: all that the lock ever touches lies below it.
    let clusterPrefix: String

    /// `<root>/<cluster-id>/v1/<lock>/queue/`, where all tickets are.
    let queuePrefix: EtcdBytes

    /// `<root>/<cluster-id>/v1/<lock>/open/`, where each ticket has a key until it ends cleanly.
    let openPrefix: EtcdBytes

    /// `<root>/<cluster-id>/v1/<lock>/limits/`, with one key at most.
    let limitsPrefix: EtcdBytes

    /// `<root>/<cluster-id>/v1/<lock>/freeze`, there while the lock is frozen.
    let freeze: EtcdBytes

    /// `<root>/<cluster-id>/v1/<lock>/notice`, the bell.
    let notice: EtcdBytes

    /// Everything that decides who is granted the lock: from `freeze` to the end of `queue/`.
    let watched: EtcdKeyRange

    /// `<root>/<cluster-id>/v1/<lock>/queue/<unit>/`, where this unit writes.
    let unitPrefix: EtcdBytes

    /// `<root>/<cluster-id>/v1/<lock>/released/<unit>`, written when this unit gives the lock up.
    let releaseMarker: EtcdBytes

    init(_ configuration: RollingLock.Configuration) throws(RollingLockError) {
        let root = try Self.checkedRoot(configuration.root)
        let cluster = try Self.element(configuration.clusterID, "cluster ID")
        let name = try Self.element(configuration.name, "lock name")
        let unit = try Self.element(configuration.unit, "unit name")
        let lock = "\(root)/\(cluster)/v1/\(name)"
        self.clusterPrefix = "\(root)/\(cluster)/"
        self.queuePrefix = EtcdBytes("\(lock)/queue/")
        self.openPrefix = EtcdBytes("\(lock)/open/")
        self.limitsPrefix = EtcdBytes("\(lock)/limits/")
        self.freeze = EtcdBytes("\(lock)/freeze")
        self.notice = EtcdBytes("\(lock)/notice")
        // "0" follows "/".
        self.watched = .range(self.freeze, EtcdBytes("\(lock)/queue0"))
        self.unitPrefix = EtcdBytes("\(lock)/queue/\(unit)/")
        self.releaseMarker = EtcdBytes("\(lock)/released/\(unit)")
    }

    /// The key of a ticket.
    ///
    /// The nonce tells it from the other tickets of the lease, and is used again only when it is
    /// certain that nothing of the former ticket is left or under way.
    func ticket(
        lease: EtcdLeaseID,
        nonce: UInt64,
        class ticketClass: TicketClass = .exclusive
    ) -> EtcdBytes {
        let hex = String(nonce, radix: 16)
        let padding = String(repeating: "0", count: 16 - hex.count)
        let name = "\(lease)-\(padding)\(hex)\(ticketClass.suffix)"
        return EtcdBytes(self.unitPrefix.bytes + Array(name.utf8))
    }

    /// The key that is deleted with a ticket when it ends cleanly.
    func open(_ ticket: EtcdBytes) -> EtcdBytes {
        EtcdBytes(self.openPrefix.bytes + ticket.bytes.dropFirst(self.queuePrefix.count))
    }

    /// The key that keeps these limits.
    func limits(_ limits: RollingLockLimits) -> EtcdBytes {
        EtcdBytes(self.limitsPrefix.bytes + Array(limits.keyElement.utf8))
    }

    /// What a key in ``watched`` is; `nil` for a key that RollingLock does not know.
    func kind(of key: EtcdBytes) -> QueueKeyKind? {
        let bytes = key.bytes
        if bytes.starts(with: self.queuePrefix.bytes) {
            let name = self.name(bytes.dropFirst(self.queuePrefix.count))
            return .ticket(name?.ticketClass ?? .exclusive)
        }
        if bytes.starts(with: self.openPrefix.bytes) {
            let rest = bytes.dropFirst(self.openPrefix.count)
            return self.name(rest).map {
                .open(ticket: EtcdBytes(self.queuePrefix.bytes + rest), $0.ticketClass)
            }
        }
        if bytes.starts(with: self.limitsPrefix.bytes) {
            let element = bytes.dropFirst(self.limitsPrefix.count)
            return .limits(RollingLockLimits(keyElement: element))
        }
        if key == self.freeze { return .freeze }
        return key == self.notice ? .notice : nil
    }

    /// Whose ticket a key below ``queuePrefix`` is.
    ///
    /// Keys of other programs are welcome: `etcdctl lock` makes `queue/<lease-hex>`.
    func owner(of key: EtcdBytes) -> TicketOwner {
        let name = key.bytes.dropFirst(self.queuePrefix.count)
        guard let unit = self.name(name)?.unit else {
            let last = name.split(
                separator: UInt8(ascii: "/"),
                omittingEmptySubsequences: false
            ).last
            return TicketOwner(unit: nil, description: Printable.name(last ?? []))
        }
        return TicketOwner(unit: EtcdBytes(unit), description: Printable.name(unit))
    }

    /// What follows the prefix of a ticket's key, if RollingLock made it.
    private func name(
        _ rest: ArraySlice<UInt8>
    ) -> (unit: [UInt8], ticketClass: TicketClass)? {
        let elements = rest.split(
            separator: UInt8(ascii: "/"),
            omittingEmptySubsequences: false
        )
        guard elements.count == 2, let ticketClass = Self.ticketClass(ofName: elements[1]),
            let unit = PercentEncoding.decode(elements[0]), !unit.isEmpty
        else { return nil }
        return (unit, ticketClass)
    }

    private static func checkedRoot(_ root: String) throws(RollingLockError) -> String {
        guard root.hasPrefix("/") else {
            throw RollingLockError(code: .invalidName, message: "the root must begin with /")
        }
        guard root.utf8.count <= RollingLock.Configuration.maximumNameLength else {
            throw self.tooLong("root")
        }
        guard !root.utf8.contains(0) else {
            throw RollingLockError(code: .invalidName, message: "the root holds a NUL")
        }
        let trimmed = root.hasSuffix("/") ? String(root.dropLast()) : root
        guard !trimmed.contains("//"), !trimmed.hasSuffix("/") else {
            throw RollingLockError(code: .invalidName, message: "the root has an empty element")
        }
        return trimmed
    }

    private static func element(
        _ name: EtcdBytes,
        _ what: String
    ) throws(RollingLockError) -> String {
        guard !name.isEmpty else {
            throw RollingLockError(code: .invalidName, message: "the \(what) is empty")
        }
        guard name.count <= RollingLock.Configuration.maximumNameLength else {
            throw self.tooLong(what)
        }
        return String(decoding: PercentEncoding.encode(name.bytes), as: UTF8.self)
    }

    /// Makes sure that a group can be part of a ticket's name.
    static func check(group: EtcdBytes) throws(RollingLockError) {
        _ = try self.element(group, "group")
    }

    private static func tooLong(_ what: String) -> RollingLockError {
        let limit = RollingLock.Configuration.maximumNameLength
        return RollingLockError(
            code: .invalidName,
            message: "the \(what) is longer than \(limit) bytes"
        )
    }

    /// Reads `<lease-hex>-<16 digits>` and what may follow.
    private static func ticketClass(ofName element: ArraySlice<UInt8>) -> TicketClass? {
        let lease = element.prefix(while: self.isHexDigit)
        let rest = element.dropFirst(lease.count)
        let nonce = rest.dropFirst().prefix(16)
        guard (1...16).contains(lease.count), rest.first == UInt8(ascii: "-"),
            nonce.count == 16, nonce.allSatisfy(self.isHexDigit)
        else { return nil }
        return TicketClass(suffix: rest.dropFirst(17))
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}

/// Who a ticket belongs to, by its key.
struct TicketOwner: Hashable, Sendable {
    /// The unit; `nil` if another program made the key.
    var unit: EtcdBytes?

    /// The unit, or the last element of a foreign key, for showing to people.
    var description: String
}
