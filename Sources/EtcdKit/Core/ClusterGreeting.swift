// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire
import Logging
import Synchronization

/// Asks whoever a new connection leads to for its cluster, before a call goes there.
///
/// A list of endpoints may hold members of two clusters, by mistake or because one was rebuilt, and a
/// write must not go to the wrong one. The question costs one round trip per connection and calls pay
/// nothing for it. It also shows that the member answers, and perhaps who leads.
///
/// The very first connection goes without when there is nothing to compare it with: a client that makes
/// one call and ends pays nothing either. A server that refuses the question is taken as it is; its
/// answers are still compared.
final class ClusterGreeting: Sendable {
    /// What is asked for; neither takes a permission, or a leader.
    enum Question: Sendable {
        /// The member's status, which says who leads.
        case status
        /// A watch of nothing, cancelled as soon as it is acknowledged or refused.
        ///
        /// For clients that have nothing to do with the Maintenance service.
        case watch
    }

    private let question: Question
    private let identity: ClusterIdentity
    private let leader: LeaderHint
    private let tokens: TokenKeeper
    private let logger: Logger
    private let hasConnected = Atomic<Bool>(false)
    /// The endpoints that belong to another cluster, and to which.
    private let refused = Mutex<[Endpoint: UInt64]>([:])

    init(
        _ question: Question,
        identity: ClusterIdentity,
        leader: LeaderHint,
        tokens: TokenKeeper,
        logger: Logger
    ) {
        self.question = question
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
        let epoch = self.identity.storeEpoch
        let exchange = Mutex(Exchange())
        let stream = connection.openStream(
            self.question.method,
            metadata: metadata.withoutLeader,
            deadline: deadline
        ) { event in
            switch event {
            case .opened: break
            case .message(let bytes):
                let stream = exchange.withLock { exchange in
                    exchange.answer = exchange.answer ?? bytes
                    return exchange.stream
                }
                // A watch would go on.
                if self.question == .watch { stream?.cancel() }
            case .closed(let failure):
                let answer = exchange.withLock { $0.answer }
                outcome(
                    self.judge(answer, failure, at: connection.endpoint, epoch: epoch)
                )
            }
        }
        exchange.withLock { $0.stream = stream }
        stream.send(framed: self.question.request)
        stream.finishSending()
    }

    private struct Exchange {
        var stream: GRPCStream?
        var answer: [UInt8]?
    }

    /// What speaks against the connection.
    private func judge(
        _ answer: [UInt8]?,
        _ failure: CallFailure?,
        at endpoint: Endpoint,
        epoch: Int
    ) -> ConnectionFailure? {
        // The client left its cluster meanwhile: whoever answered may belong to that one.
        guard epoch == self.identity.storeEpoch else { return .left }
        switch failure?.reason {
        case .none, .cancelled:
            break
        case .deadlineExceeded:
            return .timedOut(phase: "asking for its cluster")
        case .connection(let failure):
            return failure
        case .status, .streamReset, .moved, .messageTooLarge, .malformedAnswer:
            return nil
        }
        guard let answer else { return nil }
        let status = self.question == .status ? try? StatusResponse(serialized: answer) : nil
        guard
            let header = self.question == .status
                ? status?.header : (try? WatchResponse(serialized: answer))?.header
        else { return nil }
        guard self.identity.accepts(cluster: header.clusterID, epoch: epoch) else {
            return self.refusal(of: header.clusterID, at: endpoint)
        }
        self.refused.withLock { if !$0.isEmpty { $0[endpoint] = nil } }
        self.identity.saw(revision: header.revision, term: header.raftTerm)
        if let status { self.leader.heard(status, header, from: endpoint) }
        return nil
    }

    /// The failure of an endpoint that belongs to another cluster; logged once.
    ///
    /// - Parameters:
    ///   - cluster: what its member says.
    ///   - endpoint: the endpoint.
    /// - Returns: the failure; nil when the client has left its cluster meanwhile and has no other yet.
    @discardableResult
    func refusal(of cluster: UInt64, at endpoint: Endpoint) -> ConnectionFailure? {
        guard let own = self.identity.clusterID, own != cluster else { return nil }
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

extension ClusterGreeting.Question {
    fileprivate var method: GRPCMethod {
        switch self {
        case .status: MaintenanceRPC.status.method
        case .watch: .watch
        }
    }

    /// The request behind five bytes of room for the prefix.
    fileprivate var request: [UInt8] {
        switch self {
        case .status: StatusRequest().serialized(leadingSpace: 5)
        // A key that nobody has.
        case .watch:
            WatchRequest(request: .create(WatchCreateRequest(key: [0])))
                .serialized(leadingSpace: 5)
        }
    }
}
