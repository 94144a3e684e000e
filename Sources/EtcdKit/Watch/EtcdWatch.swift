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
/// what it does not read is buffered up to ``EtcdWatchOptions/bufferLimit``.
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
    public let createdRevision: EtcdRevision

    private let mailbox: WatchMailbox
    private let stream: WatchStream
    private let namespace: KeyNamespace?

    init(
        createdRevision: EtcdRevision,
        mailbox: WatchMailbox,
        stream: WatchStream,
        namespace: KeyNamespace?
    ) {
        self.createdRevision = createdRevision
        self.mailbox = mailbox
        self.stream = stream
        self.namespace = namespace
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
