// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Synchronization

extension Workload {
    /// Watches one range after the other, from now or from the past; some continue the one before.
    func watch(_ number: Int, _ generator: SeededGenerator) async throws {
        var generator = generator
        var count = 0
        var before: WatchOracle?
        while !self.witness.isOver {
            count += 1
            let wish = Wish(
                name: "watch \(number).\(count)",
                before: Bool.random(using: &generator) ? before : nil,
                known: self.witness.known,
                &generator
            )
            before = nil
            let client = self.client(.random(in: 0..<3, using: &generator))
            let seen = self.witness.seen(by: client)
            let opened = await self.witness.call("watch", writes: false) {
                try await client.watch(
                    wish.prefix.isEmpty ? .all : .prefix(wish.prefix),
                    options: wish.options
                )
            }
            guard case .done(let watch) = opened else {
                try await self.rest(50...200, &generator)
                continue
            }
            let life = Duration.milliseconds(Int.random(in: 500...15_000, using: &generator))
            before = try await self.follow(watch, wish.oracle(watch, seen: seen), for: life)
        }
    }

    /// Reads a watch for some time, or to the end of all if that comes first.
    ///
    /// - Returns: What it delivered, for a watch that continues it; nil after a compaction.
    private func follow(
        _ watch: EtcdWatch,
        _ oracle: WatchOracle,
        for life: Duration
    ) async throws -> WatchOracle? {
        let oracle = SharedOracle(oracle)
        let ending = Task { try await self.end(watch, oracle, after: life) }
        var outcome = "read"
        do {
            for try await batch in watch {
                self.witness.report(oracle.received(batch))
            }
        } catch let error as EtcdError where error.code == .compacted {
            outcome = "compacted"
            let compacted = error.compactRevision?.rawValue ?? .max
            let (asked, through) = (self.witness.update { $0.compacted }, oracle.through)
            if compacted > asked || compacted <= through {
                let text =
                    "\(oracle.name) at \(through): compacted at \(compacted), but only "
                    + "\(asked) was asked for"
                self.witness.report([.init(.watchEnded, text)])
            }
        } catch {
            outcome = "failed"
            self.witness.report([.init(.watchEnded, "\(oracle.name): \(error)")])
        }
        ending.cancel()
        watch.cancel()
        // An end of which nobody knows would be an error that is kept silent.
        if outcome == "read", (try? await ending.value) == nil, !Task.isCancelled {
            self.witness.report([.init(.watchEnded, "\(oracle.name): without a reason")])
        }
        try Task.checkCancellation()
        let part = oracle.takeDelivered()
        self.witness.update { state in
            state.watches += 1
            state.operations["watches", default: [:]][outcome, default: 0] += 1
            state.endedWatches.append(part)
        }
        return outcome == "read" ? oracle.value : nil
    }

    /// Cancels a watch when its life is over, or when the run is and it has seen the end.
    private func end(
        _ watch: EtcdWatch,
        _ oracle: SharedOracle,
        after life: Duration
    ) async throws {
        let end = ContinuousClock.now + life
        while ContinuousClock.now < end, !self.witness.isOver {
            try await Task.sleep(for: .milliseconds(20))
        }
        if self.witness.isOver { try await self.waitForTheEnd(oracle) }
        try Task.checkCancellation()
        watch.cancel()
    }

    private func waitForTheEnd(_ oracle: SharedOracle) async throws {
        var marker: Int64?
        while marker == nil {
            try await Task.sleep(for: .milliseconds(50))
            marker = self.witness.update { $0.markers?[oracle.prefix] }
        }
        let deadline = ContinuousClock.now + Self.patience
        while let marker, oracle.through < marker {
            guard ContinuousClock.now < deadline else {
                let text =
                    "\(oracle.name) stays at \(oracle.through) for a minute after the last fault, "
                    + "\(marker) was due"
                self.witness.report([.init(.watchStuck, text)])
                return
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

/// What a watch is asked for.
private struct Wish {
    let name: String
    let prefix: String
    let options: EtcdWatchOptions
    private let before: WatchOracle?

    init(name: String, before: WatchOracle?, known: Int64, _ generator: inout SeededGenerator) {
        self.name = name
        self.before = before
        var options = EtcdWatchOptions()
        if let before {
            self.prefix = before.prefix
            options.startRevision = EtcdRevision(before.through + 1)
            options.includePrevious = before.hasPrevious
        } else {
            self.prefix = (Workload.prefixes + ["", ""]).randomElement(using: &generator) ?? ""
            options.includePrevious = Bool.random(using: &generator)
            if Bool.random(using: &generator) {
                let back = Int64.random(in: 0...400, using: &generator)
                options.startRevision = EtcdRevision(max(1, known - back))
            }
        }
        options.progressNotifications = Bool.random(using: &generator)
        // Small enough that some are suspended.
        if Int.random(in: 0..<4, using: &generator) == 0 { options.bufferLimit = 8 }
        self.options = options
    }

    /// - Parameters:
    ///   - watch: The watch that was opened.
    ///   - seen: The highest revision that its client knew before.
    /// - Returns: What has to become of it.
    func oracle(_ watch: EtcdWatch, seen: Int64) -> WatchOracle {
        if let before = self.before { return before }
        let created = watch.createdRevision.rawValue
        // A watch from now on that is interrupted before it has delivered anything goes back to what
        // its client knew when it was opened, unless that is very old: newer servers acknowledge with
        // a revision whose events may still belong to the watch.
        let earliest = min(max(seen + 1, created - 1000), created)
        return WatchOracle(
            self.name,
            prefix: self.prefix,
            start: self.options.startRevision?.rawValue ?? created + 1,
            earliest: self.options.startRevision?.rawValue ?? earliest,
            hasPrevious: self.options.includePrevious
        )
    }
}

/// What a watch delivered, for the task that reads it and the one that ends it.
private final class SharedOracle: Sendable {
    let name: String
    let prefix: String
    private let oracle: Mutex<WatchOracle>

    init(_ oracle: WatchOracle) {
        self.name = oracle.name
        self.prefix = oracle.prefix
        self.oracle = Mutex(oracle)
    }

    var through: Int64 { self.oracle.withLock { $0.through } }
    var value: WatchOracle { self.oracle.withLock { $0 } }

    func received(_ batch: EtcdWatchBatch) -> [Violation] {
        self.oracle.withLock { oracle in
            switch batch.kind {
            case .events:
                return oracle.received(
                    batch.events.map { WatchedChange($0) },
                    header: batch.revision.rawValue
                )
            case .progress:
                oracle.receivedProgress(batch.revision.rawValue)
                return []
            case .resumed: return []
            }
        }
    }

    func takeDelivered() -> WatchOracle { self.oracle.withLock { $0.takeDelivered() } }
}
