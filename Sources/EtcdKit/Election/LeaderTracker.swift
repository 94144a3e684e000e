// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Tells from the candidates of an election, and how they change, who leads.
///
/// Every revision counts on its own: who led at one is reported even if the next one, in the same
/// batch, has another leader. All changes of one revision are one step.
struct LeaderTracker {
    private var candidates: [EtcdBytes: EtcdKeyValue] = [:]
    /// What was reported last; `nil` before the first report.
    private var reported: EtcdElectionLeader??

    /// All candidates as they are now.
    ///
    /// - Returns: The leader, if that differs from what was reported last.
    mutating func listed(_ candidates: [EtcdKeyValue]) -> [EtcdElectionLeader?] {
        self.candidates = Dictionary(candidates.map { ($0.key, $0) }) { $1 }
        return self.report()
    }

    /// Changes, ordered by revision.
    ///
    /// - Returns: The leaders that came of them, in order.
    mutating func changed(_ events: [EtcdEvent]) -> [EtcdElectionLeader?] {
        var leaders: [EtcdElectionLeader?] = []
        for (index, event) in events.enumerated() {
            switch event.kind {
            case .put: self.candidates[event.key] = event.keyValue
            case .delete: self.candidates[event.key] = nil
            }
            let isLastOfRevision =
                index + 1 == events.count || events[index + 1].revision != event.revision
            if isLastOfRevision { leaders += self.report() }
        }
        return leaders
    }

    private mutating func report() -> [EtcdElectionLeader?] {
        let first = self.candidates.values.min {
            ($0.createRevision, $0.key) < ($1.createRevision, $1.key)
        }
        let leader = first.map(EtcdElectionLeader.init)
        guard self.reported != .some(leader) else { return [] }
        self.reported = .some(leader)
        return [leader]
    }
}
