// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

extension EtcdCluster {
    /// Makes the client use the client URLs of all voting members, beside its own endpoints.
    ///
    /// The endpoints of the configuration always stay, as what the members tell may be of use to
    /// others only. Connections that are open stay, unless they lead to an endpoint that is no
    /// longer used: such a one is left when the calls on it have ended. All clients that share
    /// connections with this one follow.
    ///
    /// Call it again after changes of the membership; the client does not do so by itself.
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
        let core = self.client.core
        let judge = EndpointJudge(bootstrap: core.bootstrap, security: core.endpointSecurity)
        let verdict = judge.judge(try await self.members())
        let wanted = judge.list(verdict.endpoints, inUse: core.pool.endpoints)
        let before = core.pool.replaceEndpoints(with: wanted)
        return EtcdEndpointSync(
            endpoints: wanted.map(\.description),
            added: wanted.filter { !before.contains($0) }.map(\.description),
            removed: before.filter { !wanted.contains($0) }.map(\.description),
            skipped: verdict.skipped
        )
    }
}
