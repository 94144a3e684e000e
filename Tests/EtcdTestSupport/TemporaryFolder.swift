// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Folders that are gone when the test process is, however it ends.
package enum TemporaryFolder {
    /// One folder for the process, in which all others are made.
    ///
    /// A small shell waits for the end of the process on a pipe and removes the folder then: a
    /// crash or Ctrl-C leaves nothing behind either.
    private static let root: Result<String, any Error> = Result {
        let parent = FileManager.default.temporaryDirectory.path
        let path =
            parent + "/etcdkit-\(ProcessInfo.processInfo.processIdentifier)-"
            + String(UInt32.random(in: 0...UInt32.max), radix: 36)
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700]
        )
        try Watchdog.removeAtExit(path)
        return path
    }

    /// Makes a new empty folder, readable by the owner only.
    package static func make(_ name: String) throws -> String {
        let path =
            try self.root.get() + "/\(name)-"
            + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700]
        )
        return path
    }

    /// Removes a folder and what is in it; nothing happens when it is gone already.
    package static func remove(_ path: String) {
        try? FileManager.default.removeItem(atPath: path)
    }
}
