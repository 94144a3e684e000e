// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Where a mirror begins, and what it reports.
public struct EtcdMirrorOptions: Sendable, Hashable {
    /// The revision of a picture that the consumer has already, from an earlier mirror.
    ///
    /// Default: nil, begin with a snapshot. With a bookmark the mirror continues behind it and
    /// delivers no snapshot, unless that history was compacted away: then it does, and the consumer
    /// has to drop its picture. A bookmark that the store has not reached, as after a restore from a
    /// backup, ends the mirror with ``EtcdError/Code/futureRevision``. One from another store that has
    /// come further cannot be told from a right one: keep ``EtcdResponseHeader/clusterID`` beside it.
    ///
    /// To find out what a later listing changes the mirror first reads which keys there were at
    /// the bookmark.
    public var bookmark: EtcdRevision?
    /// Whether events carry what was there before.
    ///
    /// Default: `false`. It costs memory here, for the values of all keys of the range, but no
    /// reads of the server; and it is what the consumer had, also if a listing reports it.
    public var includePrevious: Bool
    /// The largest number of keys to read at once.
    ///
    /// Default: 10 000. Pages of large values have fewer, about 1 MiB altogether.
    public var pageSize: Int

    /// Creates options.
    ///
    /// - Parameters:
    ///   - bookmark: The revision of a picture that the consumer has already.
    ///   - includePrevious: Whether events carry what was there before.
    ///   - pageSize: The largest number of keys to read at once.
    public init(
        bookmark: EtcdRevision? = nil,
        includePrevious: Bool = false,
        pageSize: Int = 10_000
    ) {
        self.bookmark = bookmark
        self.includePrevious = includePrevious
        self.pageSize = pageSize
    }
}

extension EtcdMirrorOptions {
    func check(_ range: EtcdKeyRange) throws(EtcdError) {
        try range.checkForWatch()
        guard self.pageSize > 0 else {
            throw EtcdError(
                code: .invalidArgument,
                message: "the page size is \(self.pageSize), not more than zero"
            )
        }
        if let bookmark = self.bookmark, bookmark < 1 {
            throw EtcdError(
                code: .invalidArgument,
                message: "the bookmark is \(bookmark), less than 1: take nil to begin anew"
            )
        }
    }
}
