// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A stream of the changes beneath a key range.
///
/// A watch survives lost connections and restarted servers: it continues elsewhere from the
/// revision after the last one delivered, so nothing is lost and nothing is repeated. It ends
///
/// - without an error when it is cancelled: by ``cancel()``, by cancelling the task that
///   iterates, or by dropping the watch. The server is told at once.
/// - with one ``EtcdError`` when the server ends it: ``EtcdError/Code/compacted`` if the
///   revisions it needs are gone, ``EtcdError/Code/permissionDenied`` and so on. An ``EtcdMirror``
///   goes on where a watch is compacted.
///
/// All watches of a client share one stream to the server. A slow consumer slows no other watch:
/// what it does not read is buffered up to ``EtcdWatchOptions/bufferLimit``. But a message above
/// ``EtcdClient/Configuration/maximumResponseSize`` ends all of them, with
/// ``EtcdError/Code/responseTooLarge``: nobody can tell whose it was. That takes a single event of
/// that size, or a server that does not split what it sends at once.
/// For several consumers of the same keys there is ``EtcdSharedWatch``.
///
/// ```swift
/// let watch = try await client.watch(.prefix("/config/"))
/// for try await batch in watch {
///     for event in batch.events {
///         print(event.kind, event.key)
///     }
/// }
/// ```
///
/// A watch has one consumer: iterate it from one task at a time.
public final class EtcdWatch: AsyncSequence, Sendable {
    /// What one step of the iteration delivers.
    public typealias Element = EtcdWatchBatch
    /// Every error thrown by the iteration is an ``EtcdError``.
    public typealias Failure = any Error

    /// The server's revision when it acknowledged the watch.
    ///
    /// Every change after it is reported (from ``EtcdWatchOptions/startRevision`` on if that was
    /// given). A read made after the watch was opened closes the gap to what was there before.
    ///
    /// A watch from now on that is interrupted before its first event continues from what the client
    /// had seen when it was asked for, and may deliver changes at or below this revision.
    public let createdRevision: EtcdRevision

    private let mailbox: WatchMailbox
    private let stream: WatchStream
    private let namespace: KeyNamespace?
    private let requestTimeout: Duration

    init(
        createdRevision: EtcdRevision,
        mailbox: WatchMailbox,
        stream: WatchStream,
        namespace: KeyNamespace?,
        requestTimeout: Duration
    ) {
        self.createdRevision = createdRevision
        self.mailbox = mailbox
        self.stream = stream
        self.namespace = namespace
        self.requestTimeout = requestTimeout
    }

    deinit {
        self.cancel()
    }

    /// Ends the watch, here and on the server, at once.
    ///
    /// The iteration ends without an error; batches that were not read are dropped. May be called
    /// from any task, any number of times.
    public func cancel() {
        self.stream.cancel(self.mailbox)
    }

    /// Asks the server how far this watch is; etcd 3.4.25, 3.5.8, 3.6.0 or newer.
    ///
    /// The answer comes, among the events, as a batch of kind
    /// ``EtcdWatchBatch/Kind-swift.enum/progress``: everything up to its revision was delivered. That
    /// makes up for silence: a consumer that has read revision 100 elsewhere knows, once it has got
    /// progress of 100 or more, that nothing is missing up to there. It does not need
    /// ``EtcdWatchOptions/progressNotifications``.
    ///
    /// The call returns when the request was handed to the stream; it does not wait for the answer,
    /// because a server may leave a request unanswered. All servers do so while any watch of the
    /// client still catches up with history, or has events that the connection does not take up;
    /// before etcd 3.4.31 and 3.5.13 also while a watch is new and nothing has happened; etcd's
    /// gRPC proxy always. So repeat the call every few hundred milliseconds until a batch comes that
    /// goes far enough. Several requests may get one answer. After a lost connection the request is
    /// not repeated.
    ///
    /// In etcd 3.4 before 3.4.25 and 3.5 before 3.5.8 the answer could come before events that it
    /// counts as delivered. That is why the call makes sure first, once for each connection, that
    /// the member that serves the watch is newer, by its version: releases only, and the endpoint
    /// must lead to that one member. A version that cannot be read counts as too old. Nothing is sent
    /// otherwise.
    ///
    /// - Throws: ``EtcdError``: ``EtcdError/Code/unsupported`` from older servers,
    ///   ``EtcdError/Code/unavailable`` while no server serves the watch, because it is being
    ///   resumed or its consumer has to read first, ``EtcdError/Code/watchCancelled`` once the watch
    ///   is over, or what the question for the version ended with. `CancellationError` if the task
    ///   was cancelled.
    public func requestProgress() async throws {
        try await self.stream.requestProgress(of: self.mailbox, timeout: self.requestTimeout)
    }

    /// Starts the iteration.
    ///
    /// - Returns: The iterator. It keeps the watch alive.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(watch: self)
    }

    /// Delivers the batches of a watch in order.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let watch: EtcdWatch

        init(watch: EtcdWatch) {
            self.watch = watch
        }

        /// Waits for the next batch.
        ///
        /// - Returns: The batch, or `nil` once the watch was cancelled.
        /// - Throws: ``EtcdError`` if the server ended the watch.
        public mutating func next() async throws -> EtcdWatchBatch? {
            try await self.next(isolation: #isolation)
        }

        /// Waits for the next batch.
        ///
        /// - Parameter actor: The isolation of the caller.
        /// - Returns: The batch, or `nil` once the watch was cancelled.
        /// - Throws: ``EtcdError`` if the server ended the watch.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws -> EtcdWatchBatch? {
            try await self.watch.next(isolation: actor)
        }
    }

    private func next(isolation actor: isolated (any Actor)?) async throws -> EtcdWatchBatch? {
        let taken = await withTaskCancellationHandler {
            await self.mailbox.next(isolation: actor)
        } onCancel: {
            self.cancel()
        }
        if taken.mayProceed { self.stream.proceed(self.mailbox) }
        if let arrivedAt = taken.arrivedAt {
            let lag = ContinuousClock.now - arrivedAt
            self.stream.core.instruments?.record?(.watchBatchTaken(lag: lag))
        }
        switch taken.step {
        case .item(let item):
            do {
                return try EtcdWatchBatch(item, in: self.namespace)
            } catch {
                self.cancel()
                throw error
            }
        case .failure(let error): throw error
        case .end: return nil
        }
    }
}
