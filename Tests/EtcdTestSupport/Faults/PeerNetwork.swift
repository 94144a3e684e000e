// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The network between the members of a cluster: a proxy before each member's peer port.
///
/// Members dial each other both ways, so to isolate one takes more than its own proxy: its
/// connections to the others have to be known. They are told by the process that has the dialling
/// socket. The header X-Server-From of the members' requests would not do: renewals of leases that a
/// follower passes to the leader, probes, and what a member asks others when it starts go over the
/// same ports without it.
final class PeerNetwork: Sendable {
    /// The running processes by the names of the members.
    private let processes = Mutex<[Int32: String]>([:])

    /// A proxy before the peer port of a member.
    func makeProxy(to peerPort: UInt16) throws -> FaultProxy {
        try FaultProxy(to: peerPort) { [weak self] port, proxyPort in
            guard let processes = self?.processes.withLock({ $0 }) else { return nil }
            let processID = SocketOwner.processID(
                port: port,
                connectedTo: proxyPort,
                among: Array(processes.keys)
            )
            return processID.flatMap { processes[$0] }
        }
    }

    /// Notes that a member runs, before it dials anybody.
    func started(_ name: String, _ processID: Int32) {
        self.processes.withLock { processes in
            processes = processes.filter { $0.value != name }
            processes[processID] = name
        }
    }
}
