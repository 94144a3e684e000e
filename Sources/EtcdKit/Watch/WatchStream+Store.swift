// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

/// What a watch stream tells of the cluster's identity, and what becomes of watches when that changes.
extension WatchStream {
    /// Learns from the header of a response.
    ///
    /// - Returns: false if another cluster sent it, and the stream was given up therefore.
    func isOfOwnCluster(
        _ header: EtcdResponseHeader,
        _ action: WatchStateMachine.ReceiveAction
    ) -> Bool {
        let identity = self.core.identity
        guard identity.accepts(cluster: header.clusterID) else {
            guard let endpoint = self.stream?.endpoint else { return false }
            _ = self.core.greeting.refusal(of: header.clusterID, at: endpoint)
            self.useless = endpoint
            self.abandonStream(.foreignCluster(header.clusterID, endpoint: endpoint))
            return false
        }
        switch action {
        case .closeStream:
            // Not to be believed.
            return true
        case .acknowledged(let handle, let revision), .resumed(let handle, let revision, _):
            self.question(revision, of: handle)
        default:
            break
        }
        identity.saw(revision: header.revision.rawValue, term: header.raftTerm)
        return true
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
            }
        }
    }
}
