// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

/// What a watch stream tells of the cluster's identity, and what becomes of watches when that changes.
extension WatchStream {
    /// Whether the client's cluster sent a response; if not, the stream is given up.
    ///
    /// Asked before anything else is made of the response: what another cluster says must not move a
    /// watch.
    func accepts(_ header: EtcdResponseHeader) -> Bool {
        guard let stream = self.stream else { return false }
        guard !stream.accepts(cluster: header.clusterID, self.core.identity) else { return true }
        self.core.greeting.refusal(of: header.clusterID, at: stream.endpoint)
        // The next connection there is asked for its cluster first.
        self.core.pool.leave(stream.connection)
        self.leaveMember(.foreignCluster(header.clusterID, endpoint: stream.endpoint))
        return false
    }

    /// Learns from the header of a response.
    func learn(from header: EtcdResponseHeader, _ action: WatchStateMachine.ReceiveAction) {
        switch action {
        case .closeStream:
            // Not to be believed.
            return
        case .acknowledged(let handle, let revision), .resumed(let handle, let revision, _):
            self.question(revision, of: handle)
        default:
            break
        }
        self.core.identity.saw(revision: header.revision.rawValue, term: header.raftTerm)
    }

    /// The member is behind what others told: it lags, or the store was restored from a backup, and
    /// then the watch would wait for revisions that mean something else when they come.
    private func question(_ revision: Int64, of handle: WatchHandle) {
        guard revision < self.core.identity.position.revision,
            let key = self.machine.key(of: handle)
        else { return }
        self.core.questionRevision(reading: key.isEmpty ? [0] : key)
    }

    nonisolated func storeChanged(_ error: EtcdError) {
        self.core.loop.execute {
            self.assumeIsolated { stream in
                stream.machine.forgetRevisions()
                stream.endAll(error)
                stream.letGoOfStream()
            }
        }
    }
}
