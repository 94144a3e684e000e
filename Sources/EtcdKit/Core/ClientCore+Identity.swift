// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire
import Logging
import Synchronization

/// Comparing answers with what the client knows of its cluster.
extension ClientCore {
    enum AnswerVerdict {
        /// The answer is the caller's.
        case take
        /// Ask once more: it contradicts what was answered before.
        case again
        /// It comes from another cluster.
        case foreign
    }

    /// Compares an answer with those before.
    ///
    /// - Parameters:
    ///   - header: what the answer says of the cluster.
    ///   - rpc: the method.
    ///   - seen: what was known when the request was sent. What other calls learned since then proves
    ///     nothing about this one.
    ///   - course: the call.
    /// - Returns: what to do with the answer.
    func judge<Request: WireMessage, Response: WireMessage>(
        _ header: ResponseHeader,
        of rpc: RPC<Request, Response>,
        seen: ClusterIdentity.Position,
        _ course: inout CallCourse
    ) -> AnswerVerdict {
        guard seen.epoch == self.identity.storeEpoch else {
            // The store is another one than when this was asked. Nothing follows for the present one,
            // least of all that the client's cluster is the one that answered.
            let isForeign =
                self.identity.clusterID != nil && !self.identity.accepts(cluster: header.clusterID)
            return isForeign ? .foreign : .take
        }
        // With the epoch once more: it may end between the two comparisons.
        guard self.identity.accepts(cluster: header.clusterID, epoch: seen.epoch) else {
            return .foreign
        }
        if rpc.isUpToDate, self.identity.isBehind(header, seen) {
            // A server that was stopped for a while may answer one read from before (until 3.5.28 and
            // 3.6.9). What was written is written, and no reason to write again.
            if course.isRepeatable, !course.isContradictionChecked {
                course.isContradictionChecked = true
                return .again
            }
            self.storeWentBack(to: header, from: seen)
            return .take
        }
        self.identity.saw(revision: header.revision, term: header.raftTerm)
        return .take
    }

    private func storeWentBack(to header: ResponseHeader, from seen: ClusterIdentity.Position) {
        guard self.identity.storeWentBack(to: header, from: seen) else { return }
        let error = EtcdError.storeWentBack(to: header.revision, from: seen.revision)
        self.logger.warning(
            "the store went back, as by a restore from a backup; watches and mirrors end",
            metadata: [
                "revision": "\(header.revision)", "before": "\(seen.revision)",
            ]
        )
        self.leader.forget()
        self.storeChanged(error)
    }

    /// What to do about an answer from another cluster: returns how long to wait before the next
    /// attempt, or throws if there must be none.
    func pauseAfterForeign(
        _ header: ResponseHeader,
        on connection: Connection,
        _ course: inout CallCourse
    ) throws(EtcdError) -> Duration? {
        self.greeting.refusal(of: header.clusterID, at: connection.endpoint)
        self.pool.leave(connection)
        guard course.isRepeatable else {
            throw .executedElsewhere(header.clusterID, endpoint: connection.endpoint)
        }
        let verdict = CallVerdict(
            ofForeignCluster: .foreignCluster(header.clusterID, endpoint: connection.endpoint)
        )
        switch course.next(after: verdict, now: .now, canRenewToken: false) {
        case .again(let pause): return pause
        case .fail(let error): throw error
        }
    }

    /// Makes sure of the store's revision by reading a key that the user may read.
    ///
    /// A member that lags behind tells a lower revision than others did, and so does one of a store
    /// that was restored. An answer that has to be up to date tells them apart.
    func questionRevision(reading key: [UInt8]) {
        guard !self.isQuestioned.exchange(true, ordering: .relaxed) else { return }
        // Belongs to nobody's call. It ends by the request timeout.
        Task {
            defer { self.isQuestioned.store(false, ordering: .relaxed) }
            _ = try? await self.perform(
                KVRPC.range,
                RangeRequest(key: key, limit: 1, keysOnly: true),
                timeout: self.configuration.requestTimeout
            )
        }
    }

    /// Takes the cluster that answers next for the client's own.
    func acceptOtherCluster() {
        // In this order: no answer of the old cluster may come after it is forgotten and be taken
        // for the next one's.
        self.storeChanged(.clusterReplaced)
        self.members.releaseAll()
        self.pool.releaseAll()
        self.identity.forget()
        self.greeting.forget()
        self.leader.forget()
        self.lacksRangeStream.store(false, ordering: .relaxed)
    }
}

extension EtcdError {
    static func foreignCluster(_ cluster: UInt64, endpoint: Endpoint) -> EtcdError {
        EtcdError(
            code: .clusterChanged,
            message: "the answer comes from another cluster (\(String(cluster, radix: 16))) than "
                + "those before",
            endpoint: endpoint.description
        )
    }

    static func executedElsewhere(_ cluster: UInt64, endpoint: Endpoint) -> EtcdError {
        EtcdError(
            code: .clusterChanged,
            message: "the request was executed by another cluster (\(String(cluster, radix: 16))) "
                + "than the one this client talked to before; no more is sent there",
            endpoint: endpoint.description
        )
    }

    /// The store is at an earlier revision than it was.
    static func storeWentBack(to revision: Int64, from before: Int64) -> EtcdError {
        EtcdError(
            code: .clusterChanged,
            message: "the store is at revision \(revision) and was at \(before) before: it was "
                + "restored from a backup, and revisions mean something else now; read again and "
                + "begin from there",
            isRetryable: false
        )
    }

    /// The client was told to accept another cluster.
    static var clusterReplaced: EtcdError {
        EtcdError(
            code: .clusterChanged,
            message:
                "the client was told to accept another cluster; read again and begin from there",
            isRetryable: false
        )
    }
}
