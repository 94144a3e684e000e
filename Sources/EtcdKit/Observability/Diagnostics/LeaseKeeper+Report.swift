// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

extension LeaseKeeper {
    func report() async -> ClientPartReport {
        let now = ContinuousClock.now
        let leases = self.entries.map { id, entry in
            EtcdDiagnostics.Lease(
                id: id,
                state: EtcdDiagnostics.LeaseState(entry.record.current),
                remaining: max(.zero, entry.record.deadline - now),
                isBeingRenewed: entry.record.isBeingRenewed,
                renewalURL: self.stream(of: id)?.assumeIsolated { $0.endpoint?.description }
            )
        }
        return .leases(leases.sorted { $0.id.rawValue < $1.id.rawValue })
    }
}

extension EtcdDiagnostics.LeaseState {
    init(_ state: EtcdLeaseSession.State) {
        self =
            switch state {
            case .live: .live
            case .suspect: .suspect
            case .lost: .lost
            }
    }
}
