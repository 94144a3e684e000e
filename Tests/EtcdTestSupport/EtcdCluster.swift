// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Real etcd servers that form one cluster on loopback.
///
/// `withEtcdCluster(_:size:_:_:)` is the usual way to have one. Each member can be killed, paused and
/// started again by itself.
package final class EtcdCluster: Sendable {
    package let version: EtcdVersion
    package let options: EtcdProcess.Options
    private let network: PeerNetwork?
    private let state: Mutex<[EtcdProcess]>

    private init(
        version: EtcdVersion,
        options: EtcdProcess.Options,
        network: PeerNetwork?,
        members: [EtcdProcess]
    ) {
        self.version = version
        self.options = options
        self.network = network
        self.state = Mutex(members)
    }

    /// All members that were started, running or not, in the order of their start.
    package var members: [EtcdProcess] { self.state.withLock { $0 } }

    /// As EtcdKit takes them; those of the proxies if there are any.
    package var endpoints: [String] { self.members.map(\.advertisedEndpoint) }

    package subscript(index: Int) -> EtcdProcess { self.members[index] }

    /// Starts the members that found the cluster and waits until all of them serve.
    package static func start(
        _ version: EtcdVersion,
        size: Int,
        _ options: EtcdProcess.Options,
        proxied: Bool = false
    ) async throws -> EtcdCluster {
        precondition((1...3).contains(size), "more servers than a small machine carries")
        let network = proxied ? PeerNetwork() : nil
        let members = try await EtcdProcess.retryingPorts {
            let places = try (1...size).map { try EtcdPlace(name: "m\($0)", network: network) }
            // All at once: none serves before most of them are there.
            return try await withThrowingTaskGroup(of: (Int, EtcdProcess).self) { group in
                for (index, place) in places.enumerated() {
                    group.addTask {
                        let founding = EtcdFounding.newCluster(places)
                        return (index, try await .start(version, options, place, founding))
                    }
                }
                return try await group.reduce(into: [Int: EtcdProcess]()) { $0[$1.0] = $1.1 }
                    .sorted { $0.key < $1.key }.map(\.value)
            }
        }
        try await members[0].enableAuth()
        return EtcdCluster(version: version, options: options, network: network, members: members)
    }

    /// A place for a further member; add it with its peer URL, then start it.
    package func makePlace() throws -> EtcdPlace {
        try EtcdPlace(name: "m\(self.members.count + 1)", network: self.network)
    }

    /// Starts a member that has been added, learner or not, and waits until it takes part.
    @discardableResult
    package func startMember(at place: EtcdPlace) async throws -> EtcdProcess {
        let places = self.members.map(\.place) + [place]
        let member = try await EtcdProcess.start(
            self.version,
            self.options,
            place,
            .existingCluster(places)
        )
        self.state.withLock { $0.append(member) }
        return member
    }

    /// Waits until one of the members that run leads, and returns it.
    package func leader() async throws -> EtcdProcess {
        while true {
            for member in self.members where member.isRunning {
                if await member.isLeader { return member }
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The members that do not lead.
    package func followers() async throws -> [EtcdProcess] {
        let leader = try await self.leader()
        return self.members.filter { $0 !== leader }
    }

    /// Kills all members and removes their folders.
    package func remove() async {
        for member in self.members { await member.remove() }
    }
}
