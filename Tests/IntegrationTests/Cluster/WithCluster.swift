// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Starts a cluster and a client that is configured with all its members.
func withClusterAndClient<Result>(
    _ version: EtcdVersion,
    size: Int = 3,
    _ options: EtcdProcess.Options = .init(),
    proxied: Bool = false,
    _ body: (EtcdTestSupport.EtcdCluster, EtcdClient) async throws -> Result
) async throws -> Result {
    try await withEtcdCluster(version, size: size, options, proxied: proxied) { cluster in
        try await withEtcdClient(configuration: cluster.clientConfiguration) { client in
            try await body(cluster, client)
        }
    }
}

/// The code with which a body fails; nil when it does not.
func etcdError(_ body: () async throws -> Void) async -> EtcdError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? EtcdError
    }
}

extension EtcdKit.EtcdCluster {
    /// Adds a member as soon as the members have been connected for as long as etcd wants.
    func addMemberWhenHealthy(_ place: EtcdPlace, isLearner: Bool) async throws -> EtcdMember {
        var added: EtcdMember?
        try await eventually {
            do {
                added = try await self.addMember(
                    peerURLs: [place.peerURL],
                    isLearner: isLearner
                )
                return true
            } catch let error as EtcdError where error.code == .unhealthyCluster {
                return false
            }
        }
        return try #require(added)
    }

    /// Promotes a learner as soon as it has caught up.
    func promoteWhenReady(_ id: EtcdMemberID) async throws {
        try await eventually {
            do {
                try await self.promoteMember(id)
                return true
            } catch let error as EtcdError
                where error.code == .learnerNotReady || error.code == .unhealthyCluster
            {
                return false
            }
        }
    }

    /// Removes a member as soon as the others have been connected for as long as etcd wants.
    func removeWhenHealthy(_ id: EtcdMemberID) async throws {
        try await eventually {
            do {
                try await self.removeMember(id)
                return true
            } catch let error as EtcdError where error.code == .unhealthyCluster {
                return false
            }
        }
    }

    /// The ID of the member with this name.
    func id(of name: String) async throws -> EtcdMemberID {
        try await #require(self.members().first { $0.name == name }).id
    }
}
