// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A part of a range, as it was at one revision.
public struct EtcdPage: Sendable, Hashable {
    /// The revision that was read; the same for all pages.
    ///
    /// A watch from the revision after it misses nothing that the pages do not show. It means
    /// something to the store it was read from only: in another cluster, or in this one after a
    /// restore from a backup, the same number stands for another state. Watches and mirrors that are
    /// open then end with ``EtcdError/Code/clusterChanged``; a revision that was kept elsewhere has
    /// to be dropped by whoever kept it.
    public var revision: EtcdRevision

    /// The keys, in ascending order, following those of the page before.
    public var keyValues: [EtcdKeyValue]

    /// True when no page follows.
    public var isLast: Bool

    /// Makes a page from its parts.
    ///
    /// - Parameters:
    ///   - revision: the revision that was read.
    ///   - keyValues: the keys.
    ///   - isLast: whether no page follows.
    public init(revision: EtcdRevision, keyValues: [EtcdKeyValue], isLast: Bool) {
        self.revision = revision
        self.keyValues = keyValues
        self.isLast = isLast
    }
}

/// A range of any size, page by page, as it was at one revision.
///
/// ```swift
/// for try await page in client.pages(of: .prefix("jobs/")) {
///     print("\(page.keyValues.count) keys at revision \(page.revision)")
/// }
/// ```
///
/// There is always a first page, if an empty one. While a page is looked at, the next one is read;
/// there are never more than these two. Each iteration reads anew.
///
/// The iteration throws ``EtcdError`` with
///
/// - ``EtcdError/Code/compacted`` when the revision that is read was compacted away meanwhile, or
///   ``EtcdError/Code/clusterChanged`` when the cluster was replaced by another. The pages delivered
///   so far are right, but the rest cannot be read any more: start anew.
/// - ``EtcdError/Code/responseTooLarge`` when a single key with its value is larger than
///   ``EtcdClient/Configuration/maximumResponseSize``.
/// - ``EtcdError/Code/invalidArgument`` for a range or options that cannot be right, before
///   anything is sent.
///
/// or another code as for any read, and `CancellationError` when the task was cancelled. Each page
/// has the client's request timeout.
public struct EtcdPages: AsyncSequence, Sendable {
    /// What one step of the iteration delivers.
    public typealias Element = EtcdPage
    /// An ``EtcdError`` or a `CancellationError`.
    public typealias Failure = any Error

    let client: EtcdClient
    let range: EtcdKeyRange
    let options: EtcdPageOptions

    /// Starts the iteration.
    ///
    /// - Returns: the iterator; it has read nothing yet.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(pages: self)
    }

    /// Delivers the pages in order.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let reader: PageReader

        init(pages: EtcdPages) {
            self.reader = PageReader(pages)
        }

        /// Waits for the next page.
        ///
        /// - Returns: the page, or nil behind the last one or after an error.
        /// - Throws: ``EtcdError``, or `CancellationError` when the task was cancelled.
        public mutating func next() async throws -> EtcdPage? {
            try await self.next(isolation: #isolation)
        }

        /// Waits for the next page.
        ///
        /// - Parameter actor: the isolation of the caller.
        /// - Returns: the page, or nil behind the last one or after an error.
        /// - Throws: ``EtcdError``, or `CancellationError` when the task was cancelled.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws -> EtcdPage? {
            try await self.reader.next(isolation: actor)
        }
    }
}

@available(*, unavailable)
extension EtcdPages.AsyncIterator: Sendable {}
