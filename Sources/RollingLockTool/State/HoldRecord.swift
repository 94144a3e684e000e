// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import FoundationEssentials
import ProcessControl
import RollingLock

/// What a unit writes down of the lock that it holds without a process.
package struct HoldRecord: Codable, Sendable, Equatable {
    /// The version this code writes.
    static let version = 1

    var version = Self.version
    /// The ticket's key in etcd.
    var key: String
    var fencingToken: Int64
    /// Hexadecimal, as etcdctl shows it.
    var lease: String
    /// The lease that the ticket may still be under, while a move is not confirmed.
    var formerLease: String?
    /// Hexadecimal.
    var etcdClusterID: String
    var ttlSeconds: Double
    /// The boot in which this was written.
    var bootID: String
    /// For people only.
    var recordedAt: String
    var reason: String?
    /// How long a command may still run that was started under the lock, if one was.
    var stopGraceSeconds: Double?

    private enum CodingKeys: String, CodingKey {
        case version, key, lease, reason
        case fencingToken = "fencing_token"
        case formerLease = "former_lease"
        case etcdClusterID = "etcd_cluster_id"
        case ttlSeconds = "ttl_s"
        case bootID = "boot_id"
        case recordedAt = "recorded_at"
        case stopGraceSeconds = "stop_grace_s"
    }

    init(
        _ ticket: RollingLockDetachedTicket,
        reason: String?,
        stopGrace: Duration? = nil
    ) throws {
        guard let key = ticket.key.string else {
            throw ToolFailure(status: ExitStatus.fault, message: "the ticket's key is no text")
        }
        self.key = key
        self.fencingToken = ticket.fencingToken.rawValue
        self.lease = "\(ticket.leaseID)"
        self.formerLease = ticket.formerLeaseID.map { "\($0)" }
        self.etcdClusterID = String(ticket.etcdClusterID, radix: 16)
        self.ttlSeconds = ticket.ttl.inSeconds
        self.bootID = BootID.current
        self.recordedAt = "\(RollingLockTimestamp.now)"
        self.reason = reason
        self.stopGraceSeconds = stopGrace?.inSeconds
    }

    /// The ticket, nil if the record makes no sense.
    var ticket: RollingLockDetachedTicket? {
        guard let lease = Self.number(self.lease),
            let etcdClusterID = Self.number(self.etcdClusterID),
            self.ttlSeconds > 0, self.ttlSeconds < 1e9
        else { return nil }
        let former = self.formerLease.flatMap(Self.number)
        guard (former == nil) == (self.formerLease == nil) else { return nil }
        return RollingLockDetachedTicket(
            key: EtcdBytes(self.key),
            fencingToken: EtcdRevision(self.fencingToken),
            leaseID: EtcdLeaseID(Int64(bitPattern: lease)),
            formerLeaseID: former.map { EtcdLeaseID(Int64(bitPattern: $0)) },
            ttl: .seconds(self.ttlSeconds),
            etcdClusterID: etcdClusterID
        )
    }

    /// Reads what the unit wrote down, nil if it holds nothing.
    ///
    /// - Throws: ``ToolFailure`` if it cannot be understood.
    static func read(
        in directory: StateDirectory
    ) throws -> (record: HoldRecord, ticket: RollingLockDetachedTicket)? {
        guard let bytes = try AtomicFile.read(directory.holdFile) else { return nil }
        guard let record = try? JSONDecoder().decode(HoldRecord.self, from: Data(bytes)),
            let ticket = record.ticket
        else {
            throw ToolFailure.configuration(
                "\(directory.holdFile) is no record of a held lock; see with rolling-lock status "
                    + "what this unit holds, and remove the file"
            )
        }
        guard record.version == Self.version else {
            throw ToolFailure.configuration(
                "\(directory.holdFile) was written by a newer rolling-lock (version "
                    + "\(record.version)); use that one"
            )
        }
        return (record, ticket)
    }

    func write(in directory: StateDirectory) throws {
        try AtomicFile.write(Array((JSONText.line(self) + "\n").utf8), to: directory.holdFile)
    }

    static func remove(in directory: StateDirectory) throws {
        try AtomicFile.remove(directory.holdFile)
    }

    private static func number(_ text: String) -> UInt64? { UInt64(text, radix: 16) }
}
