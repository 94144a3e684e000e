// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport

extension Witness {
    /// A lease ended while its holder relied on it.
    ///
    /// Before 3.4.31 and 3.5.13 that may be the servers' doing: a leader that was stopped and goes on
    /// revokes what it takes for expired, before it notices that another one leads and has renewed it.
    /// So it is counted, and no violation, if a leader was stopped just before; all servers that this
    /// runs on are older.
    func leaseEndedEarly(_ violation: Violation) {
        let journal = self.update { $0.faults }()
        let faults = journal.around(.now, within: .seconds(5))
        let isOfServers = faults.contains { entry in
            entry.hitsLeader && (entry.step.fault == .pause || entry.step.fault == .pauseTwo)
        }
        if isOfServers {
            self.update { $0.leaseOutcomes["revoked by a stale leader", default: 0] += 1 }
        } else {
            let list = faults.map(\.description).joined(separator: ", ")
            self.report([
                .init(violation.kind, "\(violation.evidence); faults of the last 5 s: \(list)")
            ])
        }
    }
}
