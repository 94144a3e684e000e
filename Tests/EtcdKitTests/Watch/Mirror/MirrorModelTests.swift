// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Testing

@testable import EtcdKit

/// Mirrors under random schedules of writes, compactions, interruptions and restarts.
@Suite
struct MirrorModelTests {
    @Test(arguments: [false, true])
    func thePictureIsWhatTheStoreHeldAtTheBookmark(_ includesPrevious: Bool) throws {
        var generator = SeededGenerator()
        let seed = generator.seed
        var counts: [EtcdChangeBatch.Kind: Int] = [:]
        for round in 0..<400 {
            var run = MirrorRun(includesPrevious: includesPrevious, using: &generator)
            for _ in 0..<300 {
                let fault = run.step(using: &generator)
                try #require(fault == nil, "\(fault ?? "") (round \(round), seed \(seed))")
            }
            let fault = run.settle()
            try #require(fault == nil, "\(fault ?? "") (round \(round), seed \(seed))")
            counts.merge(run.counts) { $0 + $1 }
        }
        // The schedules must bring all of it about, or the test says nothing.
        for kind: EtcdChangeBatch.Kind in [.snapshot, .changes, .relisting, .progress] {
            #expect(counts[kind, default: 0] > 100, "\(kind) (seed \(seed))")
        }
    }
}

/// One store, one mirror of it, and the picture that its consumer makes.
private struct MirrorRun: ~Copyable {
    private let includesPrevious: Bool
    private var store = ModelStore()
    private var machine: MirrorStateMachine
    private var picture: [EtcdBytes: EtcdKeyValue] = [:]
    private var bookmark: EtcdRevision?
    private var hasDelivered = false
    private var lastRevisions: [EtcdBytes: EtcdRevision] = [:]
    /// The last revision that the server has looked at for the watch.
    private var watched = 0
    /// The last revision of which the watch has told, and whether its stream broke since then.
    private var told = 0
    private var isInterrupted = false
    private(set) var counts: [EtcdChangeBatch.Kind: Int] = [:]

    init(includesPrevious: Bool, using generator: inout SeededGenerator) {
        self.includesPrevious = includesPrevious
        self.machine = Self.machine(from: nil, includesPrevious)
        for _ in 0..<Int.random(in: 0...20, using: &generator) {
            self.store.write(using: &generator)
        }
    }

    private static func machine(
        from bookmark: EtcdRevision?,
        _ includesPrevious: Bool
    ) -> MirrorStateMachine {
        MirrorStateMachine(bookmark: bookmark, keepsValues: includesPrevious)
    }

    /// Lets something happen.
    ///
    /// - Returns: What is wrong then.
    mutating func step(using generator: inout SeededGenerator) -> String? {
        switch Int.random(in: 0..<40, using: &generator) {
        case 0..<9: self.store.write(using: &generator)
        case 9..<12: self.store.writeElsewhere()
        case 12: self.store.compact(using: &generator)
        case 13, 14: self.interrupt()
        case 15: self.restart()
        default: return self.advance(using: &generator)
        }
        return nil
    }

    /// Lets the mirror catch up with the store.
    mutating func settle() -> String? {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<1000 {
            if let fault = self.advance(using: &generator, isCalm: true) { return fault }
            if case .receive = self.machine.step, self.watched == self.store.revision {
                return self.picture == self.store.states[self.store.revision]
                    ? nil : "the settled picture is not what the store holds"
            }
        }
        return "the mirror does not settle"
    }

    private mutating func interrupt() {
        self.isInterrupted = true
        self.watched = self.told
    }

    /// The consumer begins again with what it has; it stores picture and bookmark together.
    private mutating func restart() {
        guard let bookmark = self.bookmark else { return }
        self.machine = Self.machine(from: bookmark, self.includesPrevious)
        self.hasDelivered = false
    }

    /// Does what the machine says.
    private mutating func advance(
        using generator: inout SeededGenerator,
        isCalm: Bool = false
    ) -> String? {
        switch self.machine.step {
        case .read(let reading):
            if !isCalm && Int.random(in: 0..<20, using: &generator) == 0 {
                // Before the first listing is complete a failure is final, so spare that one.
                if self.hasDelivered && self.bookmark != nil {
                    return self.check(self.machine.readFailed(.other(isPassing: true)))
                }
            }
            guard let response = self.store.read(reading) else {
                let action = self.machine.readFailed(.compacted)
                return action == .fail ? "a listing was given up" : nil
            }
            switch self.machine.received(page: response) {
            case .deliver(let batch): return self.apply(batch)
            case .none: return nil
            case .failBehind: return "a page was refused"
            }
        case .watch(let revision):
            self.machine.watchOpened()
            self.told = Int(revision.rawValue)
            self.interrupt()
            return nil
        case .receive:
            return self.receive(using: &generator)
        case .stop:
            return "the mirror has stopped"
        }
    }

    private func check(_ action: MirrorStateMachine.FailureAction) -> String? {
        action == .fail ? "a passing failure has ended the mirror" : nil
    }

    /// The watch, which continues by asking for the last revision it has seen once more.
    private mutating func receive(using generator: inout SeededGenerator) -> String? {
        if self.isInterrupted && self.watched < self.store.compactRevision {
            return self.check(self.machine.watchFailed(.compacted))
        }
        let first = self.isInterrupted ? self.watched : self.watched + 1
        guard first <= self.store.revision else {
            self.told = self.store.revision
            let batch = EtcdWatchBatch(kind: .progress, header: .at(Int64(self.told)))
            return self.machine.received(batch).flatMap { self.apply($0) }
        }
        let last = Int.random(in: first...min(first + 5, self.store.revision), using: &generator)
        let events = (first...last).flatMap { revision in
            self.store.replayed(revision, isFirst: self.isInterrupted && revision == first)
        }
        self.isInterrupted = false
        self.watched = last
        guard let lastTold = events.last?.revision else { return nil }
        self.told = Int(lastTold.rawValue)
        let header = EtcdResponseHeader.at(Int64(self.store.revision))
        let batch = EtcdWatchBatch(kind: .events, header: header, events: events)
        return self.machine.received(batch).flatMap { self.apply($0) }
    }

    /// The consumer's part, and what has to be true afterwards.
    private mutating func apply(_ batch: EtcdChangeBatch) -> String? {
        self.counts[batch.kind, default: 0] += 1
        if batch.kind == .snapshot && !self.hasDelivered { self.picture = [:] }
        self.hasDelivered = true
        if batch.kind == .changes, let fault = self.checkWholeness(of: batch) { return fault }
        for event in batch.events {
            guard event.revision >= self.lastRevisions[event.key, default: 0] else {
                return "a key went back in time"
            }
            self.lastRevisions[event.key] = event.revision
            guard event.isSynthetic == (event.kind == .delete && batch.kind == .relisting) else {
                return "a deletion is marked wrongly"
            }
            let previous = self.includesPrevious ? self.picture[event.key] : nil
            guard event.previous == previous else { return "the previous state is wrong" }
            self.picture[event.key] = event.kind == .put ? event.keyValue : nil
        }
        if let old = self.bookmark, let new = batch.bookmark, new < old {
            return "the bookmark went back"
        }
        self.bookmark = batch.bookmark
        guard let bookmark = batch.bookmark else { return nil }
        return self.picture == self.store.state(at: bookmark)
            ? nil : "the picture at \(bookmark) is not what the store held"
    }

    private func checkWholeness(of batch: EtcdChangeBatch) -> String? {
        for (revision, events) in Dictionary(grouping: batch.events, by: \.revision) {
            let written = self.store.events[Int(revision.rawValue)]
            guard events.map(\.key) == written.map(\.key) else {
                return "revision \(revision) is not whole"
            }
        }
        return nil
    }
}
