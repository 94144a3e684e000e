// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Foundation
import Synchronization

/// Writes down what becomes of the tickets in the store, by one watch past all proxies.
///
/// That it misses nothing need not be believed: there is no revision without a change, so a hole would
/// show.
final class StoreRecorder: Sendable {
    fileprivate struct State {
        var history = LockStoreHistory()
        var through: Int64 = 1
        var violations: [Violation] = []
        /// When each change of the queue was seen, for people who read it.
        var changes: [(time: ContinuousClock.Instant, text: String)] = []
    }

    private let state = Mutex(State())

    var history: LockStoreHistory { self.state.withLock { $0.history } }
    var violations: [Violation] { self.state.withLock { $0.violations } }

    /// Everything up to here is written down.
    var through: Int64 { self.state.withLock { $0.through } }

    var changes: [(time: ContinuousClock.Instant, text: String)] {
        self.state.withLock { $0.changes }
    }

    /// The tickets that exist, in the order of the queue.
    var queue: [(key: String, ticket: LockStoreHistory.Ticket)] {
        self.state.withLock { $0.history.queue }
    }

    /// Writes down until the task is cancelled.
    func record(_ watch: EtcdWatch) async {
        do {
            for try await batch in watch where batch.kind == .events {
                self.state.withLock { state in
                    for event in batch.events { state.add(event) }
                }
            }
        } catch {
            self.state.withLock {
                $0.violations.append(.init(.watchEnded, "the recording: \(error)"))
            }
        }
    }

    /// Waits until everything up to a revision is written down.
    func catchUp(to revision: Int64) async throws {
        let deadline = ContinuousClock.now + Workload.patience
        while self.through < revision {
            guard ContinuousClock.now < deadline else {
                self.state.withLock {
                    $0.violations.append(
                        .init(.watchStuck, "the recording, at \($0.through) of \(revision)")
                    )
                }
                return
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

extension StoreRecorder.State {
    mutating func add(_ event: EtcdEvent) {
        let revision = event.revision.rawValue
        if revision != self.through, revision != self.through + 1 {
            let text = "the recording goes from \(self.through) to \(revision)"
            self.violations.append(.init(.revisionMissing, text))
        }
        self.through = max(self.through, revision)
        let key = event.key.text
        switch (key, event.kind) {
        case (LockChaosNames.resource, .put):
            guard let token = Int64(event.keyValue.value.text) else { return }
            self.history.wrote(token, at: revision)
        case (_, .put) where key.hasPrefix(LockChaosNames.releasedPrefix):
            self.history.marked(at: revision)
        case (_, .put) where key.hasPrefix(LockChaosNames.queuePrefix):
            let record = try? JSONDecoder().decode(
                TicketText.self,
                from: Data(event.keyValue.value.bytes)
            )
            let ticket = LockStoreHistory.Ticket(
                created: event.keyValue.createRevision.rawValue,
                lease: event.keyValue.lease?.rawValue ?? 0,
                attempt: record?.reason.flatMap { LockAttempt($0) }
            )
            self.history.put(key, ticket, isCreation: event.isCreation)
            let text = "revision \(revision): \(ticket.description) on \(ticket.lease)"
            self.changes.append((.now, text))
        case (_, .delete) where key.hasPrefix(LockChaosNames.queuePrefix):
            self.history.delete(key, at: revision)
            self.changes.append((.now, "revision \(revision): gone is \(key)"))
        default: break
        }
    }
}

/// The part of a ticket that tells whose it is.
private struct TicketText: Decodable {
    var reason: String?
}
