// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import ProcessControl

extension ChaosRun {
    /// Reads what each member holds by itself, and compares with the others and with the history.
    ///
    /// Members that differ are the servers' fault: etcd before 3.5.3 can lose an entry of its log on one
    /// member when it is killed.
    func compareMembers(
        _ cluster: EtcdTestSupport.EtcdCluster,
        _ configuration: EtcdClient.Configuration
    ) async throws {
        let last = self.witness.recorded
        var states: [(name: String, records: [EtcdKeyValue])] = []
        for member in cluster.members {
            var configuration = configuration
            configuration.endpoints = [member.endpoint]
            let response = try await withEtcdClient(configuration: configuration) { client in
                // At one revision, for leases end meanwhile.
                let options = EtcdRangeOptions(revision: EtcdRevision(last), isSerializable: true)
                return try await Self.eventually { try await client.range(.all, options: options) }
            }
            guard let response else {
                let text = "\(member.name) does not come to revision \(last)"
                self.witness.report([.init(.membersDisagree, text)])
                continue
            }
            states.append((member.name, response.keyValues))
        }
        guard let first = states.first else { return }
        for other in states.dropFirst() where other.records != first.records {
            let differing = Set(first.records).symmetricDifference(other.records)
            let text =
                "\(first.name) and \(other.name) at \(last): \(differing.count) keys differ: "
                + differing.prefix(3).map { "\($0.key.text) \(StoreRecord($0))" }
                .joined(separator: "; ")
            self.witness.report([.init(.membersDisagree, text)])
        }
        self.judge(first.records)
    }

    private static func eventually<R>(_ body: () async throws -> R) async throws -> R? {
        let deadline = ContinuousClock.now + Workload.patience
        while ContinuousClock.now < deadline {
            if let result = try? await body() { return result }
            try await Task.sleep(for: .milliseconds(100))
        }
        return nil
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
