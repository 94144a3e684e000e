// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A folder that is gone, with all that is in it, when its last reference or the process is.
package final class TemporaryDirectory: Sendable {
    package let path: String

    /// One folder for the process, in which all others are made.
    ///
    /// A small shell waits for the end of the process on a pipe and removes the folder then: a
    /// crash or Ctrl-C leaves nothing behind either.
    private static let root: Result<String, any Error> = Result {
        let parent = FileManager.default.temporaryDirectory.path
        let process = ProcessInfo.processInfo.processIdentifier
        let path = "\(parent)/etcdkit-\(process)-\(UInt32.random(in: .min ... .max))"
        try makeFolder(path)
        try Watchdog.removeAtExit(path)
        return path
    }

    /// Makes a new empty folder, readable by the owner only.
    ///
    /// Its name starts with the given one, for those who look at it.
    package init(_ name: String = "test") throws {
        self.path = try Self.root.get() + "/\(name)-\(UInt64.random(in: .min ... .max))"
        try makeFolder(self.path)
    }

    deinit {
        self.remove()
    }

    /// Removes the folder now; nothing happens when it is gone already.
    package func remove() {
        try? FileManager.default.removeItem(atPath: self.path)
    }
}

private func makeFolder(_ path: String) throws {
    try FileManager.default.createDirectory(
        atPath: path,
        withIntermediateDirectories: false,
        attributes: [.posixPermissions: 0o700]
    )
}
