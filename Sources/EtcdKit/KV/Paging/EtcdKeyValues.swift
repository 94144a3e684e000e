// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The keys of a range of any size, one by one, as they were at one revision.
///
/// Reads page by page as ``EtcdPages`` does, and throws what that throws.
public struct EtcdKeyValues: AsyncSequence, Sendable {
    /// What one step of the iteration delivers.
    public typealias Element = EtcdKeyValue
    /// An ``EtcdError`` or a `CancellationError`.
    public typealias Failure = any Error

    let pages: EtcdPages

    /// Starts the iteration.
    ///
    /// - Returns: the iterator; it has read nothing yet.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(pages: self.pages.makeAsyncIterator())
    }

    /// Delivers the keys in ascending order.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private var pages: EtcdPages.AsyncIterator
        private var page: [EtcdKeyValue] = []
        private var index = 0

        init(pages: EtcdPages.AsyncIterator) {
            self.pages = pages
        }

        /// Waits for the next key.
        ///
        /// - Returns: the key with its value, or nil behind the last one or after an error.
        /// - Throws: ``EtcdError``, or `CancellationError` when the task was cancelled.
        public mutating func next() async throws -> EtcdKeyValue? {
            try await self.next(isolation: #isolation)
        }

        /// Waits for the next key.
        ///
        /// - Parameter actor: the isolation of the caller.
        /// - Returns: the key with its value, or nil behind the last one or after an error.
        /// - Throws: ``EtcdError``, or `CancellationError` when the task was cancelled.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws -> EtcdKeyValue? {
            while self.index == self.page.count {
                self.page = []
                self.index = 0
                guard let page = try await self.pages.next(isolation: actor) else { return nil }
                self.page = page.keyValues
            }
            defer { self.index += 1 }
            return self.page[self.index]
        }
    }
}

@available(*, unavailable)
extension EtcdKeyValues.AsyncIterator: Sendable {}
