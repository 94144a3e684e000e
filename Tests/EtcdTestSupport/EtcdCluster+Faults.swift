// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdCluster {
    /// Cuts a member of a proxied cluster off from the others, both ways, while clients reach it.
    ///
    /// What the members say to each other gets lost in a black hole.
    package func isolate(_ member: EtcdProcess) {
        for other in self.members {
            guard let proxy = other.place.surroundings?.peerProxy else {
                preconditionFailure("only members of a proxied cluster can be isolated")
            }
            if other === member {
                proxy.blackHole()
            } else {
                proxy.sever(dialer: member.name)
            }
        }
    }

    /// Ends all faults of the proxies, between members and before them.
    package func heal() throws {
        self.healPeers()
        for surroundings in self.members.compactMap(\.place.surroundings) {
            surroundings.clientProxy.heal()
            try surroundings.clientProxy.accept()
        }
    }

    /// Ends all faults of the proxies between members.
    package func healPeers() {
        for surroundings in self.members.compactMap(\.place.surroundings) {
            surroundings.peerProxy.heal()
        }
    }

    /// Makes another member the leader, picked at random if none is given.
    ///
    /// - Returns: The member that leads then.
    @discardableResult
    package func moveLeader(to wanted: EtcdProcess? = nil) async throws -> EtcdProcess {
        let leader = try await self.leader()
        let others = self.members.filter { $0 !== leader && $0.isRunning }
        guard let target = wanted ?? others.randomElement() else {
            throw TestSupportError("there is no other member to lead")
        }
        if target === leader { return leader }
        // 8211f1d0f64f3269, started, m1, http://127.0.0.1:2380, http://127.0.0.1:2379, false
        let lines = try await leader.etcdctl("member", "list").split(separator: "\n")
        guard let line = lines.first(where: { $0.contains(", \(target.name), ") }) else {
            throw TestSupportError("\(target.name) is no member")
        }
        try await leader.etcdctl("move-leader", String(line.prefix { $0 != "," }))
        return target
    }
}
