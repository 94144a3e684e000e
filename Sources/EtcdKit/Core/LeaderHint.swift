// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire
import Synchronization

/// Remembers which endpoint led to the leader, for calls that are cheaper there.
///
/// A hint, not a promise: it holds until an answer tells of another raft term, and the leader may have
/// changed before one did.
final class LeaderHint: Sendable {
    private struct State {
        var endpoint: Endpoint?
        /// The term in which it led.
        var term: UInt64 = 0
    }

    private let identity: ClusterIdentity
    private let state = Mutex(State())

    init(identity: ClusterIdentity) {
        self.identity = identity
    }

    /// The endpoint of the leader, as far as that is known without asking.
    var endpoint: Endpoint? {
        let term = self.identity.highestTerm
        return self.state.withLock { $0.term >= term ? $0.endpoint : nil }
    }

    /// A member told its status.
    func heard(_ status: StatusResponse, _ header: ResponseHeader, from endpoint: Endpoint) {
        guard status.leader != 0, status.leader == header.memberID else { return }
        self.state.withLock { state in
            guard header.raftTerm >= state.term else { return }
            state.endpoint = endpoint
            state.term = header.raftTerm
        }
    }

    /// What was heard was about another store; its terms mean nothing in this one.
    func forget() {
        self.state.withLock { state in
            state.endpoint = nil
            state.term = 0
        }
    }
}

extension ClientCore {
    /// The endpoint that leads to the leader, if that is known; costs nothing.
    var knownLeader: Endpoint? {
        guard let endpoint = self.leader.endpoint, self.pool.endpoints.contains(endpoint),
            self.greeting.foreignEndpoints[endpoint] == nil
        else { return nil }
        return endpoint
    }
}
