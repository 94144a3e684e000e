// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension ConnectionPool {
    /// How things stand at one moment, for whoever wants to look.
    package struct Snapshot: Sendable {
        /// The endpoints, in the order of the list.
        package var members: [Member]
        /// Every connection that has not ended, those under way and those that are left included.
        package var connections: [OpenConnection]
    }

    /// What the pool knows of one endpoint.
    package struct Member: Sendable {
        package let endpoint: Endpoint
        package let state: MemberState
        /// What last went wrong, however long ago; nil if nothing ever has.
        package let lastFailure: (failure: ConnectionFailure, at: ContinuousClock.Instant)?
    }

    package enum MemberState: Hashable, Sendable {
        /// Nothing is known against it, and nothing leads there.
        case unused
        /// A first connection is under way.
        case connecting
        /// Calls go there.
        case ready
        /// Something is wrong with it, and calls go there for want of a better one.
        case suspect
        /// It gets no calls. A probe is under way, or is due at this time.
        case quarantined(until: ContinuousClock.Instant)
    }

    /// One connection.
    package struct OpenConnection: Sendable {
        package let endpoint: Endpoint
        /// The role that it is given out for; nil while it is under way, and once it was left.
        package let role: ConnectionRole?
        /// Whether it takes calls.
        package let isUsable: Bool
        /// How many calls and streams are open on it.
        package let openStreams: Int
    }

    /// How things stand now.
    package func snapshot() -> Snapshot {
        self.state.withLock { $0.snapshot() }
    }
}

extension ConnectionPoolState {
    func snapshot() -> ConnectionPool.Snapshot {
        let connections = self.connections.map { dial, connection in
            ConnectionPool.OpenConnection(
                endpoint: dial.endpoint,
                role: ConnectionRole.allCases.first { self[ready: $0]?.dial == dial },
                isUsable: connection.isUsable,
                openStreams: connection.openStreamCount
            )
        }
        let members = self.picker.endpoints.map { endpoint in
            let known = self.picker.lastFailure(of: endpoint)
            return ConnectionPool.Member(
                endpoint: endpoint,
                state: self.state(of: endpoint, connections),
                lastFailure: known.map { ($0.failure, $0.at) }
            )
        }
        return ConnectionPool.Snapshot(members: members, connections: connections)
    }

    private func state(
        of endpoint: Endpoint,
        _ connections: [ConnectionPool.OpenConnection]
    ) -> ConnectionPool.MemberState {
        let own = connections.filter { $0.endpoint == endpoint }
        let isInUse = own.contains { $0.role != nil && $0.isUsable }
        if let quarantine = self.picker.quarantine(of: endpoint) {
            return isInUse ? .suspect : .quarantined(until: quarantine.probeAt)
        }
        if isInUse { return .ready }
        return own.isEmpty ? .unused : .connecting
    }
}
