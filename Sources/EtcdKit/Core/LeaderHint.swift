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
        var search: Task<Endpoint?, Never>?
        /// When the last search ended.
        var searchedAt: ContinuousClock.Instant?
    }

    /// How often the members are asked at most while none of them is found to lead.
    private static let pause: Duration = .seconds(1)

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
            state.searchedAt = nil
        }
    }

    /// Searches, unless that is being done or was done a moment ago; all callers share one search.
    func search(_ body: @escaping @Sendable () async -> Endpoint?) async -> Endpoint? {
        let search = self.state.withLock { state -> Task<Endpoint?, Never>? in
            if let running = state.search { return running }
            if let last = state.searchedAt, last.duration(to: .now) < Self.pause { return nil }
            // Unstructured: shared by all who wait. It ends by its own timeout.
            let search = Task {
                let found = await body()
                self.state.withLock {
                    $0.search = nil
                    $0.searchedAt = .now
                }
                return found
            }
            state.search = search
            return search
        }
        return await search?.value
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

    /// The endpoint that leads to the leader; asks the members if that is not known.
    ///
    /// - Parameter timeout: how long that may take.
    /// - Returns: the endpoint; nil with one endpoint only, when none of them leads to the leader, or
    ///   when that was just found out.
    func leaderHint(within timeout: Duration) async -> Endpoint? {
        if let known = self.knownLeader { return known }
        guard self.pool.endpointCount > 1 else { return nil }
        return await self.leader.search {
            await withTaskGroup(of: Endpoint?.self) { group in
                for endpoint in self.pool.endpoints {
                    group.addTask { await self.leads(endpoint, timeout: timeout) }
                }
                for await endpoint in group {
                    guard let endpoint else { continue }
                    group.cancelAll()
                    return endpoint
                }
                return nil
            }
        }
    }

    /// The endpoint if its member leads the client's cluster.
    private func leads(_ endpoint: Endpoint, timeout: Duration) async -> Endpoint? {
        let response = try? await self.perform(
            MaintenanceRPC.status,
            StatusRequest(),
            timeout: timeout,
            at: endpoint
        )
        guard let response, let header = response.header,
            self.identity.accepts(cluster: header.clusterID)
        else { return nil }
        self.leader.heard(response, header, from: endpoint)
        return response.leader != 0 && response.leader == header.memberID ? endpoint : nil
    }
}
