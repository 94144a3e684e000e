// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import EtcdTestSupport
import EtcdTransport
import EtcdWire
import Testing

extension Refusal {
    /// On a cluster of three, which has fewer and fewer members from entry to entry.
    static let clusters: [Refusal] = [
        Refusal("not leader", .notLeader, isAlone: false) { scene in
            let (_, follower) = try await scene.roles()
            return try await scene.ask(follower) { caller in
                try await caller.status(
                    SingleCaller.maintenance,
                    "MoveLeader",
                    MoveLeaderRequest(targetID: 1)
                )
            }
        },
        Refusal("request timed out", .unavailable, isAlone: false) { scene in
            try await scene.movingTheLeaderToWhoHangs { leader, target in
                // The server is told of a deadline that the caller does not have itself.
                try await leader.status(
                    SingleCaller.maintenance,
                    "MoveLeader",
                    MoveLeaderRequest(targetID: target),
                    headers: [("grpc-timeout", "500m")]
                )
            }
        },
        Refusal("raft proposal dropped", .noLeader, isAlone: false) { scene in
            try await scene.movingTheLeaderToWhoHangs { leader, target in
                async let _ = leader.status(
                    SingleCaller.maintenance,
                    "MoveLeader",
                    MoveLeaderRequest(targetID: target),
                    headers: [("grpc-timeout", "900m")]
                )
                return try await leader.first {
                    let status = try await leader.status(
                        SingleCaller.kv,
                        "Put",
                        PutRequest(key: [1])
                    )
                    return status.code == .ok ? nil : status
                }
            }
        },
        Refusal("leader changed", .noLeader, isAlone: false) { scene in
            var status = GRPCStatus(code: .ok, message: "")
            // The read waits for the leader's word, which another leader makes void; unless it comes so
            // late that it is the other leader's word that it waits for.
            for _ in 0..<5 where status.code == .ok {
                let (leader, follower) = try await scene.roles()
                leader.pause()
                defer { leader.resume() }
                status = try await scene.ask(follower) { caller in
                    try await caller.status(SingleCaller.kv, "Range", RangeRequest(key: [1]))
                }
            }
            return status
        },
        Refusal("unhealthy cluster", .unhealthyCluster, isAlone: false) { scene in
            let (leader, follower) = try await scene.roles()
            await follower.kill()
            // With URLs that a member has, nothing happens before the loss is noticed.
            let request = MemberAddRequest(peerURLs: [
                "http://127.0.0.1:\(follower.peerPort)"
            ])
            return try await scene.ask(leader) { caller in
                try await caller.first {
                    let status = try await caller.status(SingleCaller.cluster, "MemberAdd", request)
                    return status.message.contains("Peer URLs") ? nil : status
                }
            }
        },
        Refusal("no leader", .noLeader, isAlone: false) { scene in
            let running = try scene.cluster.members.filter(\.isRunning)
            await running[1].kill()
            return try await scene.ask(running[0]) { caller in
                try await caller.first {
                    let status = try await caller.status(
                        SingleCaller.kv,
                        "Put",
                        PutRequest(key: [1]),
                        headers: [("hasleader", "true")]
                    )
                    // The loss is noticed after an election timeout only.
                    return status.message.contains("timed out") ? nil : status
                }
            }
        },
    ]

    /// On a cluster of one member, which gets a learner.
    static let learners: [Refusal] = [
        Refusal("rpc not supported for learner", .unsupported, isAlone: false) { scene in
            let place = try scene.cluster.makePlace()
            let status = try await scene.addLearner(place.peerURL)
            try #require(status.code == .ok, "\(status)")
            let learner = try await scene.cluster.startMember(at: place)
            return try await scene.ask(learner) { caller in
                try await caller.status(SingleCaller.kv, "Put", PutRequest(key: [1]))
            }
        }
    ]
}

extension Refusal.Scene {
    /// The leader, and one of the others that run, once all agree and go on doing so.
    func roles() async throws -> (leader: EtcdProcess, follower: EtcdProcess) {
        let running = try self.cluster.members.filter(\.isRunning)
        var agreed: UInt64?
        var looks = 0
        while looks < 3 {
            try await Task.sleep(for: .milliseconds(100))
            var leaders: Set<UInt64> = []
            for member in running {
                leaders.insert(try await self.status(of: member).leader)
            }
            let leader = leaders.count == 1 && !leaders.contains(0) ? leaders.first : nil
            looks = leader != nil && leader == agreed ? looks + 1 : 0
            agreed = leader
        }
        var leader: EtcdProcess?
        var follower: EtcdProcess?
        for member in running {
            if try await self.status(of: member).header?.memberID == agreed {
                leader = member
            } else {
                follower = member
            }
        }
        return (try #require(leader), try #require(follower))
    }

    private func status(of member: EtcdProcess) async throws -> StatusResponse {
        try await self.ask(member) { caller in
            try await caller.answer(SingleCaller.maintenance, "Status", StatusRequest())
        }
    }

    /// Calls one member, with a client that has no other.
    func ask<Answer>(
        _ member: EtcdProcess,
        _ body: (SingleCaller) async throws -> Answer
    ) async throws -> Answer {
        let configuration = EtcdClient.Configuration(endpoints: [member.endpoint])
        return try await withEtcdClient(configuration: configuration) { client in
            try await body(SingleCaller(core: client.core))
        }
    }

    /// The target does not answer, so that the leader waits for it an election timeout long.
    func movingTheLeaderToWhoHangs(
        _ body: (_ leader: SingleCaller, _ target: UInt64) async throws -> GRPCStatus
    ) async throws -> GRPCStatus {
        let (leader, target) = try await self.roles()
        let status = try await self.status(of: target)
        target.pause()
        defer { target.resume() }
        return try await self.ask(leader) { caller in
            try await body(caller, status.header?.memberID ?? 0)
        }
    }
}

extension SingleCaller {
    /// Asks until there is an answer that counts.
    func first(
        _ attempt: () async throws -> GRPCStatus?
    ) async throws -> GRPCStatus {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if let status = try await attempt() { return status }
        }
        return GRPCStatus(code: .ok, message: "it did not happen within a minute")
    }
}
