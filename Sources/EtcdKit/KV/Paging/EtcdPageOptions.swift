// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// How to read a range page by page.
///
/// There is neither an order nor a filter: etcd sorts and filters a range by reading all of it,
/// for each page again. Read a range that is small enough with ``EtcdClient/range(_:options:)``
/// then, or sort and filter what comes.
public struct EtcdPageOptions: Sendable, Hashable {
    /// The largest number of keys in a page; at least 1.
    ///
    /// Default: 10 000.
    public var maximumCount: Int

    /// The size of a page to aim at, in bytes of keys and values; at least 1.
    ///
    /// The number of keys asked for follows the sizes seen so far, so a page can come out larger
    /// where values are larger than before. It is never larger than
    /// ``EtcdClient/Configuration/maximumResponseSize``, half of which is the most that is aimed at.
    /// A server of etcd 3.7 or newer sends all pages but the first by itself, and decides on their
    /// size, about 1.5 MiB. Default: 1 MiB.
    public var targetByteCount: Int

    /// The revision to read at; at least 1.
    ///
    /// Default: nil, the newest when the first page is read.
    public var revision: EtcdRevision?

    /// Whether the member asked for the first page may answer from what it has, without asking the
    /// others: possible without a leader, but perhaps out of date.
    ///
    /// It makes no difference to the pages after the first, which show what the first showed:
    /// any member that has come as far as their revision may answer them. Default: false.
    public var isSerializable: Bool

    /// Whether to leave out the values.
    ///
    /// Default: false.
    public var keysOnly: Bool

    /// Makes options; each has the default named at its property.
    ///
    /// - Parameters:
    ///   - maximumCount: the largest number of keys in a page.
    ///   - targetByteCount: the size of a page to aim at, in bytes.
    ///   - revision: the revision to read at.
    ///   - isSerializable: whether one member may answer on its own.
    ///   - keysOnly: whether to leave out the values.
    public init(
        maximumCount: Int = 10_000,
        targetByteCount: Int = 1 << 20,
        revision: EtcdRevision? = nil,
        isSerializable: Bool = false,
        keysOnly: Bool = false
    ) {
        self.maximumCount = maximumCount
        self.targetByteCount = targetByteCount
        self.revision = revision
        self.isSerializable = isSerializable
        self.keysOnly = keysOnly
    }
}

extension EtcdPageOptions {
    func check() throws(EtcdError) {
        guard self.maximumCount > 0 else {
            throw EtcdError(
                code: .invalidArgument,
                message: "maximumCount is \(self.maximumCount), not more than zero"
            )
        }
        guard self.targetByteCount > 0 else {
            throw EtcdError(
                code: .invalidArgument,
                message: "targetByteCount is \(self.targetByteCount), not more than zero"
            )
        }
        try self.revision?.checkForRequest(as: "revision")
    }
}
