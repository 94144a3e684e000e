// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

/// One consumer's part of an ``EtcdSharedWatch``.
///
/// It ends
///
/// - without an error when it is cancelled: by ``cancel()``, by cancelling the task that iterates,
///   or by dropping it. It leaves the shared watch at once.
/// - with one ``EtcdError`` when the shared watch ends, or when the consumer is too slow for
///   ``EtcdSubscriptionOptions/overflowPolicy``.
///
/// A subscription has one consumer: iterate it from one task at a time.
public final class EtcdSubscription: AsyncSequence, Sendable {
    /// What one step of the iteration delivers.
    public typealias Element = EtcdChangeBatch
    /// Every error thrown by the iteration is an ``EtcdError``.
    public typealias Failure = any Error

    private let hub: SharedWatchHub
    private let member: Int
    private let mailbox: SubscriptionMailbox

    init(hub: SharedWatchHub, member: Int, mailbox: SubscriptionMailbox) {
        self.hub = hub
        self.member = member
        self.mailbox = mailbox
    }

    deinit {
        self.cancel()
    }

    /// Ends the subscription at once.
    ///
    /// The iteration ends without an error; batches that were not read are dropped. May be called
    /// from any task, any number of times.
    public func cancel() {
        self.mailbox.discard()
        self.hub.leave(self.member)
    }

    /// Starts the iteration.
    ///
    /// - Returns: The iterator. It keeps the subscription alive.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(subscription: self)
    }

    /// Delivers the batches of a subscription in order.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let subscription: EtcdSubscription

        init(subscription: EtcdSubscription) {
            self.subscription = subscription
        }

        /// Waits for the next batch.
        ///
        /// - Returns: The batch, or `nil` once the subscription was cancelled.
        /// - Throws: ``EtcdError`` if it has ended otherwise.
        public mutating func next() async throws -> EtcdChangeBatch? {
            try await self.next(isolation: #isolation)
        }

        /// Waits for the next batch.
        ///
        /// - Parameter actor: The isolation of the caller.
        /// - Returns: The batch, or `nil` once the subscription was cancelled.
        /// - Throws: ``EtcdError`` if it has ended otherwise.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws -> EtcdChangeBatch? {
            try await self.subscription.next(isolation: actor)
        }
    }

    private func next(isolation actor: isolated (any Actor)?) async throws -> EtcdChangeBatch? {
        try await withTaskCancellationHandler {
            while true {
                switch await self.mailbox.next(isolation: actor) {
                case .batch(let batch):
                    return batch
                case .snapshot(let image):
                    return image.snapshot(of: self.mailbox.range)
                case .detached(let revision):
                    try await self.goAlone(after: revision, isolation: actor)
                case .own(let watch, let revision):
                    guard let batch = try await self.nextBatch(of: watch, isolation: actor) else {
                        return nil
                    }
                    if let batch = batch.after(revision) { return batch }
                case .failure(let error):
                    throw error
                case .end:
                    return nil
                }
            }
        } onCancel: {
            self.cancel()
        }
    }

    /// Opens a watch for this subscription alone.
    private func goAlone(
        after revision: EtcdRevision,
        isolation actor: isolated (any Actor)?
    ) async throws {
        let (hub, range) = (self.hub, self.mailbox.range)
        // A task of its own, so that whoever cancels the subscription, from whichever task, need not
        // wait until the server answers. Ends with the subscription, or with the watch.
        let opening = Task { try await hub.openOwnWatch(of: range, from: revision) }
        guard self.mailbox.isLeaving(by: opening) else { return opening.cancel() }
        do {
            let watch = try await opening.value
            // After it is open: no later change of the store escapes the watch itself.
            guard hub.client.core.identity.storeEpoch == self.mailbox.storeEpoch else {
                watch.cancel()
                throw EtcdError.storeIsAnother
            }
            if !self.mailbox.goOn(with: watch, after: revision) { watch.cancel() }
        } catch {
            self.cancel()
            if !(error is CancellationError) { throw error }
        }
    }

    private func nextBatch(
        of watch: EtcdWatch,
        isolation actor: isolated (any Actor)?
    ) async throws -> EtcdWatchBatch? {
        do {
            var iterator = watch.makeAsyncIterator()
            return try await iterator.next(isolation: actor)
        } catch {
            self.cancel()
            throw error
        }
    }
}

extension EtcdWatchBatch {
    /// What of it is news to somebody who knows everything up to a revision.
    fileprivate func after(_ revision: EtcdRevision) -> EtcdChangeBatch? {
        guard let batch = EtcdChangeBatch(self), let bookmark = batch.bookmark else { return nil }
        guard bookmark > revision else { return nil }
        guard batch.kind == .changes else { return batch }
        return EtcdChangeBatch(
            kind: .changes,
            events: batch.events.filter { $0.revision > revision },
            bookmark: bookmark
        )
    }
}

extension SharedWatchHub {
    /// A watch for one subscriber that has left the shared one, however long it takes.
    fileprivate func openOwnWatch(
        of range: EtcdKeyRange,
        from revision: EtcdRevision
    ) async throws -> EtcdWatch {
        var backoff = Backoff()
        while true {
            do {
                // Begins at the last revision known, as a watch does that continues.
                return try await self.openWatch(of: range, from: revision)
            } catch let error as EtcdError where error.isRetryable {
                // A subscription outlives lost connections, whichever way it goes.
                try await Task.sleep(for: Backoff.jittered(upTo: backoff.next()))
            }
        }
    }

    private func openWatch(
        of range: EtcdKeyRange,
        from revision: EtcdRevision
    ) async throws -> EtcdWatch {
        var options = EtcdWatchOptions(startRevision: revision, progressNotifications: true)
        if case .watch(let includePrevious) = self.source {
            options.includePrevious = includePrevious
        }
        return try await self.client.watch(range, options: options)
    }
}
