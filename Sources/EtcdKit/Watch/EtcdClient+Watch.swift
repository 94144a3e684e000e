// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

extension EtcdClient {
    /// Watches a range of keys.
    ///
    /// ```swift
    /// let current = try await client.range(.prefix("/config/"))
    /// let watch = try await client.watch(
    ///     .prefix("/config/"),
    ///     options: .init(startRevision: current.header.revision.next))
    /// ```
    ///
    /// Servers before 3.4.36 and 3.5.18 leave out deletions at the start revision if that very
    /// revision was compacted meanwhile; ``mirror(_:options:)`` does not depend on it.
    ///
    /// - Parameters:
    ///   - range: The keys to watch.
    ///   - options: What to report, from which revision on.
    /// - Returns: The watch, once the server has acknowledged it.
    /// - Throws: ``EtcdError`` if the server refuses the watch or does not acknowledge it within
    ///   the request timeout; `CancellationError` if the task was cancelled.
    public func watch(
        _ range: EtcdKeyRange,
        options: EtcdWatchOptions = .init()
    ) async throws -> EtcdWatch {
        try options.check(range)
        let stream = self.core.part(WatchStream.self)
        var request = WatchCreateRequest(range, options)
        if let namespace = self.keyNamespace { request.enter(namespace) }
        let (mailbox, revision) = try await stream.open(
            request,
            options: options,
            timeout: self.requestTimeout
        )
        return EtcdWatch(
            createdRevision: revision,
            mailbox: mailbox,
            stream: stream,
            namespace: self.keyNamespace,
            requestTimeout: self.requestTimeout
        )
    }

    /// Watches a range of keys for as long as a closure runs.
    ///
    /// - Parameters:
    ///   - range: The keys to watch.
    ///   - options: What to report, from which revision on.
    ///   - body: Uses the watch. The watch is cancelled when it returns or throws.
    /// - Returns: What the closure returned.
    /// - Throws: ``EtcdError`` if the watch cannot be opened, `CancellationError` if the task was
    ///   cancelled, or what the closure threw.
    public func withWatch<Result>(
        _ range: EtcdKeyRange,
        options: EtcdWatchOptions = .init(),
        _ body: (EtcdWatch) async throws -> Result
    ) async throws -> Result {
        let watch = try await self.watch(range, options: options)
        defer { watch.cancel() }
        return try await body(watch)
    }
}
