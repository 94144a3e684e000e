// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import ProcessControl

extension Workload {
    /// Opens the watch that sees everything from the first revision on.
    func openRecording() async throws -> EtcdWatch {
        try await self.direct.watch(
            .all,
            options: .init(startRevision: EtcdRevision(1), includePrevious: true)
        )
    }

    /// Writes the history down until the last marker is in it.
    ///
    /// It goes past the proxies, but its members are killed and stopped as all are. That it misses
    /// nothing need not be believed: there is no revision without a change, so a hole would show.
    func record(_ watch: EtcdWatch) async {
        var oracle = WatchOracle("the recording", prefix: "", start: 2, hasPrevious: true)
        let guarding = Task { try await self.endRecording(watch) }
        defer { guarding.cancel() }
        do {
            for try await batch in watch {
                guard batch.kind == .events else { continue }
                let changes = batch.events.map { WatchedChange($0) }
                var violations = oracle.received(changes, header: batch.revision.rawValue)
                let part = oracle.takeDelivered()
                if let last = batch.events.last { self.witness.knows(last.revision, self.direct) }
                let now = BootClock.nanoseconds
                let (markers, early) = self.witness.update { state in
                    violations += state.timeline.add(changes.map(\.change), by: oracle.name)
                    var early: [Violation] = []
                    for change in changes.map(\.change) where change.record == nil {
                        early += state.leases.check(change.key, deletionSeen: now)
                    }
                    state.endedWatches.append(part)
                    state.recorded = part.through
                    return (state.markers, early)
                }
                self.witness.report(violations)
                for violation in early { self.witness.leaseEndedEarly(violation) }
                if let last = markers?[""], part.through >= last { break }
            }
        } catch {
            self.witness.report([.init(.watchEnded, "the recording: \(error)")])
        }
        watch.cancel()
    }

    /// Ends the recording when it has come far enough, or does not come further.
    private func endRecording(_ watch: EtcdWatch) async throws {
        var last: Int64?
        while last == nil {
            try await Task.sleep(for: .milliseconds(50))
            last = self.witness.update { $0.markers?[""] }
        }
        let deadline = ContinuousClock.now + Self.patience
        while ContinuousClock.now < deadline {
            if let last, self.witness.recorded >= last { return watch.cancel() }
            try await Task.sleep(for: .milliseconds(20))
        }
        self.witness.report([.init(.watchStuck, "the recording, at \(self.witness.recorded)")])
        watch.cancel()
    }
}
