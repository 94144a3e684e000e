// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

/// Where one lock of one cluster keeps what in etcd.
///
/// ```
/// <root>/<cluster-id>/v1/<lock>/queue/<unit>/<lease-hex>-<nonce>    a ticket
/// <root>/<cluster-id>/v1/<lock>/released/<unit>                     its unit's last clean release
/// ```
struct LockKeys: Sendable, Hashable {
    /// `<root>/<cluster-id>/`: all that the lock ever touches lies below it.
    let clusterPrefix: String

    /// `<root>/<cluster-id>/v1/<lock>/queue/`, where all tickets are.
    let queuePrefix: EtcdBytes

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
        self.unitPrefix = EtcdBytes("\(lock)/queue/\(unit)/")
        self.releaseMarker = EtcdBytes("\(lock)/released/\(unit)")
    }

    /// The key of a ticket.
    ///
    /// The nonce tells it from the other tickets of the lease, and is used again only when it is
    /// certain that nothing of the former ticket is left or under way.
    func ticket(lease: EtcdLeaseID, nonce: UInt64) -> EtcdBytes {
        let hex = String(nonce, radix: 16)
        let padding = String(repeating: "0", count: 16 - hex.count)
        return EtcdBytes(self.unitPrefix.bytes + Array("\(lease)-\(padding)\(hex)".utf8))
    }

    /// Whose ticket a key below ``queuePrefix`` is.
    ///
    /// Keys of other programs are welcome: `etcdctl lock` makes `queue/<lease-hex>`.
    func owner(of key: EtcdBytes) -> TicketOwner {
        let elements = key.bytes.dropFirst(self.queuePrefix.count)
            .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard elements.count == 2, Self.isTicketName(elements[1]),
            let unit = PercentEncoding.decode(elements[0]), !unit.isEmpty
        else { return TicketOwner(unit: nil, description: Printable.name(elements.last ?? [])) }
        return TicketOwner(unit: EtcdBytes(unit), description: Printable.name(unit))
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

    private static func tooLong(_ what: String) -> RollingLockError {
        let limit = RollingLock.Configuration.maximumNameLength
        return RollingLockError(
            code: .invalidName,
            message: "the \(what) is longer than \(limit) bytes"
        )
    }

    /// True for `<lease-hex>-<16 digits>`.
    private static func isTicketName(_ element: ArraySlice<UInt8>) -> Bool {
        let parts = element.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return parts.count == 2 && (1...16).contains(parts[0].count) && parts[1].count == 16
            && parts.allSatisfy { $0.allSatisfy(self.isHexDigit) }
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
