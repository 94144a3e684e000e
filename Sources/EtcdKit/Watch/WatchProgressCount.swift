// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Counts the requests for progress on one stream, and the answers.
///
/// Nothing in an answer names its request. The server keeps the order of the requests and leaves
/// some of them out, so the n-th answer belongs to the n-th request or to a later one. That is all
/// that can be known, and it is enough: a watch that was asked for behind the n-th request may be
/// unknown to the n-th answer, and whoever asked last before it has nothing to expect from it.
struct WatchProgressCount {
    private(set) var requests = 0
    private var answers = 0

    /// A request goes on the stream.
    ///
    /// - Returns: Its number; the first one has 1.
    mutating func asked() -> Int {
        self.requests += 1
        return self.requests
    }

    /// An answer has come.
    ///
    /// - Returns: The number of the oldest request that it can belong to; nil if there is none.
    mutating func answered() -> Int? {
        guard self.answers < self.requests else { return nil }
        self.answers += 1
        return self.answers
    }
}
