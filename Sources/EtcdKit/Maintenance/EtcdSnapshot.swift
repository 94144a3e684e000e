// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire

/// A snapshot of one member's database, in chunks as they arrive.
///
/// The bytes of all chunks in order are a file that `etcdctl snapshot restore` (from etcd 3.6 on
/// `etcdutl snapshot restore`) takes; the last 32 of them are the SHA-256 digest of those before.
/// Only when the iteration has ended without an error is it known that the snapshot is whole: it
/// compares the digest as the chunks pass.
///
/// Nothing is asked for before the iteration begins, and each iteration takes another snapshot. A
/// consumer that is slow holds the server back. Cancelling the task that iterates, or letting the
/// iterator go, ends the transfer at once.
public struct EtcdSnapshot: AsyncSequence, Sendable {
    /// What one step of the iteration delivers.
    public typealias Element = EtcdSnapshotChunk
    /// Every error thrown by the iteration is an ``EtcdError``, or `CancellationError`.
    public typealias Failure = any Error

    /// Kept, as a client that nobody has is closed.
    let client: EtcdClient
    let messages: ServerStream<SnapshotRequest, SnapshotResponse>
    let endpoint: Endpoint

    /// Starts the transfer with the first chunk that is asked for.
    ///
    /// - Returns: The iterator.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(
            client: self.client,
            messages: self.messages.makeAsyncIterator(),
            endpoint: self.endpoint
        )
    }

    /// Delivers the chunks of a snapshot in order.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let client: EtcdClient
        private var messages: ServerStream<SnapshotRequest, SnapshotResponse>.AsyncIterator
        private let endpoint: Endpoint
        private let check = CheckBox()

        fileprivate init(
            client: EtcdClient,
            messages: ServerStream<SnapshotRequest, SnapshotResponse>.AsyncIterator,
            endpoint: Endpoint
        ) {
            self.client = client
            self.messages = messages
            self.endpoint = endpoint
        }

        /// Waits for the next chunk.
        ///
        /// - Returns: The chunk, or nil at the end of a snapshot that is whole.
        /// - Throws: ``EtcdError``: ``EtcdError/Code/malformedResponse`` if the snapshot arrived
        ///   damaged; `CancellationError` if the task was cancelled.
        public mutating func next() async throws -> EtcdSnapshotChunk? {
            try await self.next(isolation: #isolation)
        }

        /// Waits for the next chunk.
        ///
        /// - Parameter actor: The isolation of the caller.
        /// - Returns: The chunk, or nil at the end of a snapshot that is whole.
        /// - Throws: ``EtcdError``: ``EtcdError/Code/malformedResponse`` if the snapshot arrived
        ///   damaged; `CancellationError` if the task was cancelled.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws -> EtcdSnapshotChunk? {
            guard let message = try await self.messages.next(isolation: actor) else {
                do throws(SnapshotCheck.Damage) {
                    try self.check.finish()
                } catch {
                    throw EtcdError(error, endpoint: self.endpoint.description)
                }
                return nil
            }
            return self.check.passed(message)
        }
    }

    /// Keeps the check of an iteration, as iterators are copied about.
    private final class CheckBox {
        private var check: SnapshotCheck? = SnapshotCheck()

        func passed(_ message: SnapshotResponse) -> EtcdSnapshotChunk {
            self.check?.received(message.blob, remaining: message.remainingBytes)
            return EtcdSnapshotChunk(
                bytes: message.blob,
                remainingBytes: message.remainingBytes,
                totalBytes: self.check?.announced ?? 0,
                serverVersion: message.version.isEmpty ? nil : message.version
            )
        }

        /// Does nothing the second time: the end was told then.
        func finish() throws(SnapshotCheck.Damage) {
            try self.check.take()?.finish()
        }
    }
}

/// A piece of a snapshot.
public struct EtcdSnapshotChunk: Sendable, Hashable {
    /// The bytes, usually 32 KiB; those of the last chunk are the digest.
    public var bytes: [UInt8]

    /// How many bytes of the database are still to come behind this chunk, without the digest.
    public var remainingBytes: UInt64

    /// How many bytes the whole snapshot has, the digest included.
    public var totalBytes: UInt64

    /// The version of the member's program, or nil from one that does not tell.
    ///
    /// etcd 3.6 or newer.
    public var serverVersion: String?
}
