// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// A server with an election, and who campaigns in it.
struct ElectionFixture {
    let etcd: EtcdProcess
    let client: EtcdClient

    var election: EtcdElection {
        get throws { try self.client.election("boss") }
    }

    /// The values of the candidates, in the order of their creation.
    func values() async throws -> [String?] {
        try await self.client.range(
            .prefix(self.election.keyPrefix),
            options: .init(order: .ascending, target: .createRevision)
        ).keyValues.map(\.value.string)
    }

    /// Campaigns, and returns once the candidate stands in the row.
    func enter(
        _ value: String,
        ttl: Duration = .seconds(20),
        with client: EtcdClient? = nil
    ) async throws -> Task<EtcdLeadership, any Error> {
        let election = try (client ?? self.client).election("boss")
        let campaign = Task { try await election.campaign(value, ttl: ttl) }
        try await eventually { try await self.values().contains(value) }
        return campaign
    }

    /// Runs a body with another client that reaches the server through a proxy.
    func withProxiedClient<Result>(
        _ body: (FaultProxy, EtcdClient) async throws -> Result
    ) async throws -> Result {
        let proxy = try FaultProxy(to: self.etcd.port)
        defer { proxy.close() }
        let configuration = EtcdClient.Configuration(endpoints: [self.etcd.endpoint(through: proxy)]
        )
        return try await withEtcdClient(configuration: configuration) { client in
            try await body(proxy, client)
        }
    }
}

func withElectionFixture<Result>(
    _ version: EtcdVersion,
    _ body: (ElectionFixture) async throws -> Result
) async throws -> Result {
    try await withEtcdAndClient(version) { etcd, client in
        try await body(ElectionFixture(etcd: etcd, client: client))
    }
}
