// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// How to delete keys.
public struct EtcdDeleteOptions: Sendable, Hashable {
    /// Whether the answer brings what was deleted.
    ///
    /// etcd 3.1. Default: false.
    public var includePrevious: Bool

    /// Makes options.
    ///
    /// - Parameter includePrevious: whether the answer brings what was deleted.
    public init(includePrevious: Bool = false) {
        self.includePrevious = includePrevious
    }
}
