// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire

extension EtcdCluster {
    /// Makes the client use the client URLs of all voting members, beside its own endpoints.
    ///
    /// The endpoints of the configuration always stay, as what the members tell may be of use to
    /// others only. Connections that are open stay, unless they lead to an endpoint that is no
    /// longer used: such a one is left when the calls on it have ended; watches and lease sessions
    /// move. All clients that share connections with this one follow.
    ///
    /// Call it again after changes of the membership, or have the client do so by itself:
    /// ``EtcdClient/Configuration/endpointSyncInterval``.
    ///
    /// ```swift
    /// let sync = try await client.cluster.syncEndpoints()
    /// for skipped in sync.skipped {
    ///     logger.info("not used: \(skipped.url ?? "\(skipped.member)"): \(skipped.reason)")
    /// }
    /// ```
    ///
    /// - Returns: The endpoints used from now on, what changed, and what is not used and why.
    /// - Throws: ``EtcdError`` if the members cannot be listed; nothing changes then.
    ///   `CancellationError` if the task was cancelled.
    @discardableResult
    public func syncEndpoints() async throws -> EtcdEndpointSync {
        try await self.client.core.syncEndpoints(timeout: self.client.requestTimeout)
    }

    /// Where the client may connect at the moment, as URLs.
    public var endpoints: [String] {
        self.client.core.pool.endpoints.map(\.description)
    }

    /// Makes the client use other endpoints in the place of its configuration's.
    ///
    /// What was found by ``EtcdClient/Configuration/discovery`` and ``syncEndpoints()`` stays beside
    /// them. A connection to an endpoint that is no longer used is left when the calls on it have
    /// ended; watches and lease sessions move. All clients that share connections with this one
    /// follow.
    ///
    /// - Parameter endpoints: The members to talk to, in the forms of
    ///   ``EtcdClient/Configuration/endpoints``. They have to be of the client's cluster: those of
    ///   another one are not used, see ``acceptReplacement()``.
    /// - Throws: ``EtcdError`` with ``EtcdError/Code/invalidEndpoint`` as for a configuration, and
    ///   for `https://` when the client is configured without TLS; nothing changes then.
    public func replaceEndpoints(_ endpoints: [String]) throws {
        let core = self.client.core
        let configured = try core.configuration.checkedEndpoints(endpoints)
        for endpoint in configured { try core.checkSecurity(of: endpoint) }
        core.changeEndpoints { $0.configured = configured }
    }
}

extension ClientCore {
    /// Uses what the members tell, beside the client's own endpoints.
    func syncEndpoints(timeout: Duration) async throws -> EtcdEndpointSync {
        let response = try await self.perform(
            ClusterRPC.list,
            MemberListRequest(linearizable: true),
            timeout: timeout
        )
        let judge = EndpointJudge(bootstrap: self.bootstrap, security: self.endpointSecurity)
        let verdict = judge.judge(response.members.map { EtcdMember($0) })
        let (wanted, before) = self.changeEndpoints { $0.hear(verdict.endpoints) }
        return EtcdEndpointSync(
            endpoints: wanted.map(\.description),
            added: wanted.filter { !before.contains($0) }.map(\.description),
            removed: before.filter { !wanted.contains($0) }.map(\.description),
            skipped: verdict.skipped
        )
    }
}
