// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Connections for what is addressed to one member: each leads to the endpoint that was named and
/// is never replaced by one to another.
///
/// Thread-safe. Each endpoint has a pool of its own with this one endpoint in it, so that dialling,
/// waiting and giving up are the same as for other calls. It lives as long as somebody holds a
/// ``Lease`` on it, and a while longer for the next one.
package final class MemberConnections: Sendable {
    /// How long a connection that nobody uses is kept.
    private static let idleLife: Duration = .seconds(30)

    private struct State {
        var shelf = LeasedShelf<Endpoint, ConnectionPool>(capacity: 16)
        var isSweepScheduled = false
        var isClosed = false
    }

    private let state = Mutex(State())
    private let configuration: ConnectionConfiguration
    private let loop: EventLoop

    /// - Parameters:
    ///   - configuration: how to connect.
    ///   - loop: the thread the connections live on.
    package init(configuration: ConnectionConfiguration, loop: EventLoop) {
        self.configuration = configuration
        self.loop = loop
    }

    deinit {
        self.close()
    }

    /// Keeps the connection to one member while it lives.
    package final class Lease: Sendable {
        package let pool: ConnectionPool
        private let endpoint: Endpoint
        private let owner: MemberConnections

        fileprivate init(pool: ConnectionPool, endpoint: Endpoint, owner: MemberConnections) {
            self.pool = pool
            self.endpoint = endpoint
            self.owner = owner
        }

        deinit {
            self.owner.ended(self.endpoint)
        }
    }

    /// The way to one endpoint; connects when it is first used.
    ///
    /// After ``close()`` it leads nowhere.
    package func lease(_ endpoint: Endpoint) -> Lease {
        let (pool, surplus, isClosed) = self.state.withLock { state in
            let (pool, surplus) = state.shelf.take(endpoint) {
                ConnectionPool(
                    endpoints: [endpoint],
                    configuration: self.configuration,
                    loop: self.loop
                )
            }
            return (pool, surplus, state.isClosed)
        }
        surplus?.close()
        if isClosed { pool.close() }
        return Lease(pool: pool, endpoint: endpoint, owner: self)
    }

    /// Has the streams that can be moved opened again.
    package func moveStreams() {
        let pools = self.state.withLock { $0.shelf.values }
        for pool in pools { pool.moveStreams() }
    }

    /// Gives the connections to no more callers, and has the streams that can be moved opened again.
    package func releaseAll() {
        let pools = self.state.withLock { $0.shelf.values }
        for pool in pools { pool.releaseAll() }
    }

    /// The same with the connections to one endpoint.
    package func release(_ endpoint: Endpoint) {
        let pools = self.state.withLock { $0.shelf.values }
        for pool in pools where pool.endpoints == [endpoint] { pool.releaseAll() }
    }

    /// Closes all connections; calls on them fail.
    package func close() {
        let pools = self.state.withLock { state in
            state.isClosed = true
            return state.shelf.values
        }
        for pool in pools { pool.close() }
    }

    private func ended(_ endpoint: Endpoint) {
        let mustSchedule = self.state.withLock { state in
            state.shelf.giveBack(endpoint, now: .now)
            guard !state.isClosed else { return false }
            defer { state.isSweepScheduled = true }
            return !state.isSweepScheduled
        }
        if mustSchedule { self.scheduleSweep() }
    }

    private func scheduleSweep() {
        self.loop.schedule(after: Self.idleLife) { [weak self] in self?.sweep() }
    }

    private func sweep() {
        let (expired, mustSchedule) = self.state.withLock { state in
            let expired = state.shelf.removeIdle(since: .now - Self.idleLife)
            state.isSweepScheduled = state.shelf.hasIdle
            return (expired, state.isSweepScheduled)
        }
        for pool in expired { pool.close() }
        if mustSchedule { self.scheduleSweep() }
    }
}
