// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdClient {
    /// A range of any size, page by page, as it is at one revision.
    ///
    /// The first page is read as ``range(_:options:)`` reads, from all members' newest state unless
    /// the options allow otherwise. The others show the revision of the first.
    ///
    /// - Parameters:
    ///   - range: which keys.
    ///   - options: how large the pages are, and what they show.
    /// - Returns: the pages; nothing is read before they are iterated.
    public func pages(of range: EtcdKeyRange, options: EtcdPageOptions = .init()) -> EtcdPages {
        EtcdPages(client: self, range: range, options: options)
    }

    /// The keys of a range of any size, one by one, as they are at one revision.
    ///
    /// ```swift
    /// for try await job in client.keyValues(in: .prefix("jobs/")) {
    ///     print(job.key.string ?? "-", job.modRevision)
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - range: which keys.
    ///   - options: how many to read at a time, and what they show.
    /// - Returns: the keys; nothing is read before they are iterated.
    public func keyValues(
        in range: EtcdKeyRange,
        options: EtcdPageOptions = .init()
    ) -> EtcdKeyValues {
        EtcdKeyValues(pages: self.pages(of: range, options: options))
    }
}
