// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import ProcessControl

extension ChaosRun {
    /// Compares the members with each other and with the history.
    func compareMembers(
        _ cluster: EtcdTestSupport.EtcdCluster,
        _ configuration: EtcdClient.Configuration
    ) async throws {
        let comparison = try await MemberComparison(
            of: cluster,
            at: self.witness.recorded,
            configuration
        )
        self.witness.report(comparison.violations)
        if let keyValues = comparison.keyValues { self.judge(keyValues) }
    }

    /// Compares everything with the whole history.
    private func judge(_ final: [EtcdKeyValue]) {
        self.witness.settle()
        self.witness.update { state in
            let timeline = state.timeline
            var found: [Violation] = timeline.check(from: 2, through: state.recorded)
            found += state.writes.check(timeline)
            for key in Set(state.deletions.keys).union(timeline.keys)
            // The end of a lease deletes, too.
            where !key.hasPrefix(Workload.sessionPrefix) {
                let applied = timeline.changes(of: key).count { $0.record == nil }
                found += state.deletions.check(key, applied: applied)
            }
            var records: [String: StoreRecord] = [:]
            for keyValue in final { records[keyValue.key.text] = StoreRecord(keyValue) }
            for key in state.counters.keys {
                found += state.counters.check(key, applied: Int(records[key]?.version ?? 0))
            }
            let read = ObservedRead(
                "the store in the end",
                prefix: "",
                found: records,
                revision: state.recorded,
                floor: 0
            )
            found += timeline.check(read)
            for watch in state.endedWatches {
                let text =
                    "\(watch.name) saw \(watch.through), the history ends at \(state.recorded)"
                found.append(.init(.contradiction, text))
            }
            state.violations += found
        }
    }

    func makeReport(_ runner: FaultRunner) -> ChaosReport {
        let limit = 40
        return self.witness.update { state in
            ChaosReport(
                etcd: self.plan.version.description,
                seed: self.plan.seed,
                seconds: self.plan.duration.inSeconds,
                isSecure: self.plan.isSecure,
                hasUsers: self.plan.hasUsers,
                faults: Dictionary(
                    uniqueKeysWithValues: runner.injected.map { ($0.key.rawValue, $0.value) }
                ),
                operations: state.operations,
                ambiguousOutcomes: state.operations.values.reduce(0) {
                    $0 + ($1["ambiguous"] ?? 0)
                },
                revisions: state.recorded,
                watches: state.watches,
                eventsWatched: state.events,
                readsJudged: state.readsJudged,
                registersJudged: state.registersJudged,
                registersUndecided: state.registersUndecided,
                leases: state.leaseOutcomes,
                longestCall: state.longestCall.name,
                longestCallSeconds: Double(state.longestCall.nanoseconds) / 1e9,
                violations: state.violations.prefix(limit).map {
                    .init(kind: $0.kind.rawValue, evidence: $0.evidence)
                },
                violationsLeftOut: max(0, state.violations.count - limit)
            )
        }
    }
}
