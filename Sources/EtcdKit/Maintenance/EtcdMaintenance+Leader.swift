// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire

extension EtcdMaintenance {
    /// Hands the leadership to another member; etcd 3.3 or newer.
    ///
    /// Only the leader can do so, and the client finds it: it asks its own endpoints and the
    /// client URLs of the leader, as far as they can be used (see ``EtcdCluster/syncEndpoints()``).
    /// When the member leads already, or does so by the time the answer was lost, all is well.
    ///
    /// - Parameter target: The member that is to lead, one that votes.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/invalidArgument`` if it is no voting member,
    ///   ``EtcdError/Code/noLeader`` if there is no leader or none of its endpoints leads to it,
    ///   ``EtcdError/Code/unavailable`` if the cluster does not hand over in time,
    ///   ``EtcdError/Code/ambiguous`` if the leader has not answered in time: it may still hand over.
    ///   `CancellationError` if the task was cancelled; the leader may move nevertheless.
    public func moveLeader(to target: EtcdMemberID) async throws {
        let request = MoveLeaderRequest(targetID: try target.checked())
        let search = LeaderSearch(client: self.client)
        var backoff = Backoff(first: .milliseconds(50), cap: .seconds(1))
        while true {
            let failure: EtcdError
            do {
                let leader = try await search.find()
                if leader.id == target { return }
                _ = try await self.client.core.perform(
                    MaintenanceRPC.moveLeader,
                    request,
                    timeout: search.timeOfAnAttempt,
                    at: leader.endpoint
                )
                return
            } catch let error as EtcdError where error.mayEndWithAnotherLeader {
                failure = error
            }
            // The leadership is on its way, perhaps to the member wanted: look again.
            let pause = Backoff.jittered(upTo: backoff.next())
            guard search.timeLeft > pause else { throw failure }
            try await Task.sleep(for: pause, clock: .continuous)
        }
    }
}

extension LeaderSearch {
    /// How long the leader may take to answer.
    ///
    /// It waits until it sees the other lead, for as long as the call lasts, and sees nothing of it
    /// when a third leads instead. So there must be time left to look again.
    fileprivate var timeOfAnAttempt: Duration {
        min(self.timeLeft / 2, .seconds(3))
    }
}

extension EtcdError {
    /// Whether the question who leads may have another answer by now.
    fileprivate var mayEndWithAnotherLeader: Bool {
        switch self.code {
        case .notLeader, .noLeader, .ambiguous, .unavailable, .connectionRefused,
            .connectionTimedOut:
            true
        default:
            false
        }
    }
}
