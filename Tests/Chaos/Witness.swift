// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import ProcessControl
import Synchronization

/// Collects what clients did and were told, and judges it as soon as enough is known.
final class Witness: Sendable {
    struct State {
        var timeline = StoreTimeline()
        var writes = WriteLedger()
        var deletions = CountLedger()
        var counters = CountLedger()
        var leases = LeaseOracle()
        var violations: [Violation] = []
        var operations: [String: [String: Int]] = [:]
        var leaseOutcomes: [String: Int] = [:]
        var longestCall: (name: String, nanoseconds: Int64) = ("none", 0)
        /// What is to be judged once the history is known so far.
        var endedWatches: [WatchOracle] = []
        var reads: [ObservedRead] = []
        /// The highest revision that some client knows to be done.
        var known: Int64 = 1
        /// The highest revision that each client was told of.
        var seen: [ObjectIdentifier: Int64] = [:]
        /// Everything up to here is in the timeline.
        var recorded: Int64 = 1
        /// The highest revision that somebody asked to be compacted.
        var compacted: Int64 = 0
        var watches = 0
        var events = 0
        var readsJudged = 0
        var registersJudged = 0
        var registersUndecided = 0
        /// What ends the run: the last revision of interest beneath each prefix.
        var markers: [String: Int64]?
        var isOver = false
        /// What was done to the servers.
        var faults: @Sendable () -> FaultJournal = { FaultJournal() }
    }

    private let state = Mutex(State())
    /// How long a call may take.
    let requestTimeout: Duration = .seconds(5)

    func update<R>(_ body: (inout State) -> R) -> R { self.state.withLock { body(&$0) } }

    var isOver: Bool { self.state.withLock { $0.isOver } }
    var known: Int64 { self.state.withLock { $0.known } }
    var recorded: Int64 { self.state.withLock { $0.recorded } }

    func report(_ violations: [Violation]) {
        guard !violations.isEmpty else { return }
        self.state.withLock { $0.violations += violations }
    }

    /// A client was told that a revision is done.
    func knows(_ revision: EtcdRevision, _ client: EtcdClient) {
        self.state.withLock { state in
            state.known = max(state.known, revision.rawValue)
            let seen = state.seen[ObjectIdentifier(client)] ?? 0
            state.seen[ObjectIdentifier(client)] = max(seen, revision.rawValue)
        }
    }

    /// The highest revision that a client was told of.
    func seen(by client: EtcdClient) -> Int64 {
        self.state.withLock { $0.seen[ObjectIdentifier(client)] ?? 0 }
    }

    /// Judges the reads and watches for which the history is known.
    func settle() {
        self.state.withLock { state in
            state.timeline.seal()
            let recorded = state.recorded
            for read in state.reads where read.revision <= recorded {
                state.violations += state.timeline.check(read)
                state.readsJudged += 1
            }
            state.reads.removeAll { $0.revision <= recorded }
            for watch in state.endedWatches where watch.through <= recorded {
                state.violations += state.timeline.check(watch, compacted: state.compacted)
                state.events += watch.delivered.count
            }
            state.endedWatches.removeAll { $0.through <= recorded }
        }
    }
}
