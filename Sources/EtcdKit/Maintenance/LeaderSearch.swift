// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

/// Finds an endpoint of the member that leads.
///
/// Members know the leader's ID; which endpoint leads to it is seen only by asking there, as members
/// may tell URLs that are of no use here, and endpoints may be proxies.
struct LeaderSearch {
    struct Leader {
        let id: EtcdMemberID
        let endpoint: Endpoint
    }

    private let client: EtcdClient
    private let deadline: ContinuousClock.Instant

    init(client: EtcdClient) {
        self.client = client
        self.deadline = .now + client.requestTimeout.clamped
    }

    var timeLeft: Duration {
        max(self.deadline - .now, .milliseconds(1))
    }

    /// The leader, and an endpoint that leads to it.
    ///
    /// Throws ``EtcdError`` with `noLeader` if there is none, or `CancellationError`.
    func find() async throws -> Leader {
        let core = self.client.core
        let current = try await core.currentEndpoint(timeout: self.timeLeft)
        let status = try await core.status(at: current, timeout: self.timeLeft)
        guard let leader = status.leader else {
            throw EtcdError(
                code: .noLeader,
                message: "the member knows of no leader",
                endpoint: current.description
            )
        }
        if status.isLeader { return Leader(id: leader, endpoint: current) }
        let candidates = try await self.candidates(for: leader).filter { $0 != current }
        if let endpoint = try await self.endpoint(of: leader, among: candidates) {
            return Leader(id: leader, endpoint: endpoint)
        }
        throw EtcdError(
            code: .noLeader,
            message: "no endpoint leads to the leader, the member \(leader); give the client one "
                + "of its endpoints, or start it with --advertise-client-urls"
        )
    }

    /// What the leader itself tells first, then what the client has.
    private func candidates(for leader: EtcdMemberID) async throws -> [Endpoint] {
        let core = self.client.core
        let cluster = EtcdCluster(client: self.client.withRequestTimeout(self.timeLeft))
        let members = try await cluster.members(isLinearizable: false)
        let judge = EndpointJudge(bootstrap: core.bootstrap, security: core.endpointSecurity)
        let told = judge.judge(members.filter { $0.id == leader }).endpoints
        return told + core.pool.endpoints.filter { !told.contains($0) }
    }

    /// Asks all at once who they are, so that one that hangs costs no time.
    private func endpoint(
        of leader: EtcdMemberID,
        among candidates: [Endpoint]
    ) async throws -> Endpoint? {
        let core = self.client.core
        let timeout = self.timeLeft
        return try await withThrowingTaskGroup(of: Endpoint?.self) { group in
            for endpoint in candidates {
                group.addTask {
                    do {
                        let status = try await core.status(at: endpoint, timeout: timeout)
                        return status.memberID == leader ? endpoint : nil
                    } catch is EtcdError {
                        return nil
                    }
                }
            }
            for try await endpoint in group {
                guard let endpoint else { continue }
                group.cancelAll()
                return endpoint
            }
            return nil
        }
    }
}
