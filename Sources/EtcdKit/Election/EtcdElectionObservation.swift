// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import Logging

/// Who leads an election, each time that changes: ``EtcdElection/observe()``.
public struct EtcdElectionObservation: AsyncSequence, Sendable {
    /// The leader with what it proclaims; `nil` while nobody leads.
    public typealias Element = EtcdElectionLeader?
    /// Every error thrown by the iteration is an ``EtcdError``.
    public typealias Failure = any Error

    let requests: ElectionRequests

    /// Starts an observation of its own.
    ///
    /// - Returns: The iterator.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(requests: self.requests)
    }

    /// Delivers the leaders in their order.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let requests: ElectionRequests
        private var tracker = LeaderTracker()
        private var watch: EtcdWatch.AsyncIterator?
        /// The revision that the tracker knows, with which the next watch begins; `nil` if the
        /// candidates must be read.
        private var known: EtcdRevision?
        /// Which store that revision is of.
        private var storeEpoch = 0
        private var pending: [EtcdElectionLeader?] = []
        private var backoff = Backoff()
        private var isOver = false

        init(requests: ElectionRequests) {
            self.requests = requests
        }

        /// Waits for the next leader.
        ///
        /// - Returns: The leader, itself `nil` when nobody leads; `nil` as a whole if the task is
        ///   cancelled.
        /// - Throws: ``EtcdError`` if the server refuses the observation for good.
        public mutating func next() async throws -> EtcdElectionLeader?? {
            try await self.next(isolation: #isolation)
        }

        /// Waits for the next leader.
        ///
        /// - Parameter actor: The isolation of the caller.
        /// - Returns: The leader, itself `nil` when nobody leads; `nil` as a whole if the task is
        ///   cancelled.
        /// - Throws: ``EtcdError`` if the server refuses the observation for good.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws -> EtcdElectionLeader?? {
            while !self.isOver, !Task.isCancelled {
                if !self.pending.isEmpty { return .some(self.pending.removeFirst()) }
                do {
                    try await self.advance(isolation: actor)
                } catch let error as EtcdError {
                    self.watch = nil
                    guard !error.endsElections else {
                        self.isOver = true
                        throw error
                    }
                    if error.endsWatchedHistory { self.known = nil }
                    // After a compaction all is read anew, at once.
                    guard error.code != .compacted else { continue }
                    self.requests.client.core.logger.info("an observation is interrupted: \(error)")
                    let pause = Backoff.jittered(upTo: self.backoff.next())
                    try? await Task.sleep(for: pause, clock: .continuous)
                } catch is CancellationError {
                    break
                }
            }
            self.isOver = true
            self.watch = nil
            return nil
        }

        /// Reads the candidates, or opens the watch on them, or waits for their next change.
        private mutating func advance(isolation actor: isolated (any Actor)?) async throws {
            if self.watch != nil {
                guard let batch = try await self.watch?.next(isolation: actor) else {
                    self.watch = nil
                    return
                }
                self.pending = self.tracker.changed(batch.events)
                if let last = batch.events.last?.revision { self.known = last }
                return
            }
            guard let known = self.known else {
                self.storeEpoch = self.requests.storeEpoch
                let current = try await self.requests.read()
                self.pending = self.tracker.listed(current.keyValues)
                self.known = current.header.revision
                return
            }
            // The known revision comes once more, which changes nothing. Servers before 3.4.36 and
            // 3.5.18 serve a watch that begins at the revision of a compaction without the deletions
            // at that revision; from one before it they refuse.
            let watch = try await self.requests.watch(from: known)
            guard self.requests.storeEpoch == self.storeEpoch else {
                watch.cancel()
                throw EtcdError.storeIsAnother
            }
            self.watch = watch.makeAsyncIterator()
            self.backoff.reset()
        }
    }
}

extension EtcdError {
    /// Whether a watch from the same revision on would fail in the same way, or mean nothing.
    fileprivate var endsWatchedHistory: Bool {
        switch self.code {
        case .compacted, .clusterChanged, .watchCancelled, .responseTooLarge, .malformedResponse:
            true
        default: false
        }
    }
}
