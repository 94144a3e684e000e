// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The state of a key range and its changes, without a gap, whatever happens in between.
///
/// A mirror begins with a snapshot: the keys of the range as they were at one revision, read in
/// pages. Then it delivers the changes as they happen. When it was cut off for so long that the
/// history it needs was compacted away, it lists the range again, delivers the difference to what
/// it had delivered before, deletions included, and goes on. That is what sets it apart from an
/// ``EtcdWatch``, which ends in that case.
///
/// ```swift
/// var settings: [EtcdBytes: EtcdBytes] = [:]
/// for try await batch in client.mirror(.prefix("config/")) {
///     for event in batch.events {
///         settings[event.key] = event.kind == .put ? event.keyValue.value : nil
///     }
///     if let bookmark = batch.bookmark { print("complete up to revision", bookmark) }
/// }
/// ```
///
/// Every iteration is a mirror of its own, which begins with its first step and ends when its
/// iterator is let go or its task cancelled; the server's watch ends with it at once. Between the
/// steps nothing runs: a consumer that is slow makes the mirror wait, and at worst list again, but
/// neither fills memory nor slows anything else.
///
/// It ends with one ``EtcdError`` if the server refuses a listing or a watch, if the first
/// listing cannot be read, if the store turns out to be another or an older one than before
/// (``EtcdError/Code/clusterChanged``), or if eight listings in a row were overtaken by compactions. Lost connections and restarted servers
/// do not end it: it waits, with pauses of up to two seconds, for as long as it takes.
///
/// A mirror remembers each key of the range and its last revision: the bytes of the key and some 100
/// more. Values are kept only with ``EtcdMirrorOptions/includePrevious``.
public struct EtcdMirror: AsyncSequence, Sendable {
    /// What one step of the iteration delivers.
    public typealias Element = EtcdChangeBatch
    /// Every error thrown by the iteration is an ``EtcdError``.
    public typealias Failure = any Error

    let client: EtcdClient
    let range: EtcdKeyRange
    let options: EtcdMirrorOptions

    /// Starts a mirror.
    ///
    /// - Returns: The iterator; use it from one task at a time.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(
            course: MirrorCourse(client: self.client, range: self.range, options: self.options)
        )
    }

    /// Delivers the batches of one mirror in order.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let course: MirrorCourse

        init(course: MirrorCourse) {
            self.course = course
        }

        /// Waits for the next batch.
        ///
        /// - Returns: The batch, or `nil` once the task was cancelled.
        /// - Throws: ``EtcdError`` if the mirror cannot go on.
        public mutating func next() async throws -> EtcdChangeBatch? {
            try await self.course.next(isolation: #isolation)
        }

        /// Waits for the next batch.
        ///
        /// - Parameter actor: The isolation of the caller.
        /// - Returns: The batch, or `nil` once the task was cancelled.
        /// - Throws: ``EtcdError`` if the mirror cannot go on.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws -> EtcdChangeBatch? {
            try await self.course.next(isolation: actor)
        }
    }
}

extension EtcdClient {
    /// Mirrors a range of keys: its state, and then its changes.
    ///
    /// Nothing is sent before the iteration begins. Options that make no sense are refused by its
    /// first step, with ``EtcdError/Code/invalidArgument``.
    ///
    /// - Parameters:
    ///   - range: The keys to mirror.
    ///   - options: Where to begin, and what to report.
    /// - Returns: A sequence that begins with a snapshot, or behind a bookmark.
    public func mirror(
        _ range: EtcdKeyRange,
        options: EtcdMirrorOptions = .init()
    ) -> EtcdMirror {
        EtcdMirror(client: self, range: range, options: options)
    }
}
