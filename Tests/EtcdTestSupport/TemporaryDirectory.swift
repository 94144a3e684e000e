// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// A folder that is gone, with all that is in it, when its last reference is.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        let name = "etcdkit-\(UInt64.random(in: .min ... .max))"
        let url = FileManager.default.temporaryDirectory.appending(path: name)
        try FileManager.default.createDirectory(
            at: url,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700]
        )
        path = url.path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// What went wrong in the tests' own machinery.
package struct TestSupportError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
