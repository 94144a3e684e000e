// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire
import Logging
import Synchronization

/// Asks whoever a new connection leads to for its status, before a call goes there.
///
/// A list of endpoints may hold members of two clusters, by mistake or because one was rebuilt, and a
/// write must not go to the wrong one. The question costs one round trip per connection and calls pay
/// nothing for it. It also shows that the member answers, and who leads.
///
/// The very first connection goes without when there is nothing to compare it with: a client that makes
/// one call and ends pays nothing either. A server that refuses the question is taken as it is; its
/// answers are still compared.
final class ClusterGreeting: Sendable {
    private let identity: ClusterIdentity
    private let leader: LeaderHint
    private let tokens: TokenKeeper
    private let logger: Logger
    private let hasConnected = Atomic<Bool>(false)
    /// The endpoints that belong to another cluster, and to which.
    private let refused = Mutex<[Endpoint: UInt64]>([:])

    init(identity: ClusterIdentity, leader: LeaderHint, tokens: TokenKeeper, logger: Logger) {
        self.identity = identity
        self.leader = leader
        self.tokens = tokens
        self.logger = logger
    }

    /// The endpoints that were found to belong to another cluster.
    var foreignEndpoints: [Endpoint: UInt64] {
        self.refused.withLock { $0 }
    }

    /// No endpoint is known to belong to another cluster any more.
    func forget() {
        self.refused.withLock { $0 = [:] }
    }

    /// As the pool calls it, on the loop.
    func greet(
        _ connection: Connection,
        endpointCount: Int,
        deadline: ContinuousClock.Instant,
        outcome: @escaping @Sendable (ConnectionFailure?) -> Void
    ) {
        let isFirst = !self.hasConnected.exchange(true, ordering: .relaxed)
        guard self.identity.clusterID != nil || (!isFirst && endpointCount > 1) else {
            return outcome(nil)
        }
        let metadata = self.tokens.current ?? ClientCore.bareMetadata
        let answer = Mutex<[UInt8]>([])
        let stream = connection.openStream(
            MaintenanceRPC.status.method,
            metadata: metadata.withoutLeader,
            deadline: deadline
        ) { event in
            switch event {
            case .opened: break
            case .message(let bytes): answer.withLock { $0 = bytes }
            case .closed(let failure):
                outcome(self.judge(answer.withLock { $0 }, failure, at: connection.endpoint))
            }
        }
        stream.send(framed: StatusRequest().serialized(leadingSpace: 5))
        stream.finishSending()
    }

    /// What speaks against the connection.
    private func judge(
        _ answer: [UInt8],
        _ failure: CallFailure?,
        at endpoint: Endpoint
    ) -> ConnectionFailure? {
        switch failure?.reason {
        case .none:
            break
        case .deadlineExceeded:
            return .timedOut(phase: "asking for its status")
        case .connection(let failure):
            return failure
        case .status, .streamReset, .cancelled, .moved, .messageTooLarge, .malformedAnswer:
            return nil
        }
        guard let status = try? StatusResponse(serialized: answer), let header = status.header
        else { return nil }
        if let failure = self.refusal(of: header.clusterID, at: endpoint) { return failure }
        self.identity.saw(revision: header.revision, term: header.raftTerm)
        self.leader.heard(status, header, from: endpoint)
        return nil
    }

    /// The failure of an endpoint if it belongs to another cluster; logged once.
    func refusal(of cluster: UInt64, at endpoint: Endpoint) -> ConnectionFailure? {
        guard !self.identity.accepts(cluster: cluster), let own = self.identity.clusterID else {
            self.refused.withLock { if !$0.isEmpty { $0[endpoint] = nil } }
            return nil
        }
        let isNews = self.refused.withLock { $0.updateValue(cluster, forKey: endpoint) != cluster }
        if isNews {
            self.logger.warning(
                "an endpoint belongs to another cluster and is not used",
                metadata: [
                    "endpoint": "\(endpoint)", "cluster": "\(String(cluster, radix: 16))",
                    "expected": "\(String(own, radix: 16))",
                ]
            )
        }
        return .foreignCluster(found: cluster, expected: own)
    }
}
