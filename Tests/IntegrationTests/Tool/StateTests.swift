// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import Glibc
import RollingLockTool
import Testing

/// What the tool keeps on the machine, without an etcd.
struct StateTests {
    @Test
    func aFileIsReplacedAsAWholeAndReadableByItsOwnerOnly() throws {
        let folder = try TemporaryDirectory("state")
        let path = folder.path + "/file"
        #expect(try AtomicFile.read(path) == nil)
        try AtomicFile.write([1, 2, 3], to: path)
        try AtomicFile.write([4], to: path)
        #expect(try AtomicFile.read(path) == [4])
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"])
        try AtomicFile.remove(path)
        try AtomicFile.remove(path)
        #expect(try AtomicFile.read(path) == nil)
    }

    @Test
    func aFileThatIsALinkOrThatOthersMayWriteIsRefused() throws {
        let folder = try TemporaryDirectory("state")
        let path = folder.path + "/file"
        try AtomicFile.write([1], to: path)
        _ = unsafe symlink(path, folder.path + "/link")
        #expect(throws: (any Error).self) { try AtomicFile.read(folder.path + "/link") }
        _ = unsafe chmod(path, 0o620)
        #expect(throws: (any Error).self) { try AtomicFile.read(path) }
        #expect(throws: (any Error).self) { try AtomicFile.read(folder.path) }
    }

    @Test
    func aFileLockHasOneHolder() throws {
        let folder = try TemporaryDirectory("state")
        let path = folder.path + "/lock"
        var first = try FileLock(path, waits: false)
        #expect(first != nil)
        #expect(try FileLock(path, waits: false) == nil)
        first = nil
        #expect(try FileLock(path, waits: false) != nil)
    }

    @Test
    func namesBecomeFilesThatDoNotMeet() {
        func path(_ unit: String) -> String {
            StateDirectory(base: "/s", clusterID: "blue", lock: "default", unit: unit).path
        }
        #expect(path("app/0") == "/s/blue/default/app%2f0")
        #expect(path("..") == "/s/blue/default/%2e.")
        #expect(path("ü\n") == "/s/blue/default/%c3%bc%0a")
        #expect(path("%2f") != path("/"))
        let long = String(repeating: "/", count: 255)
        #expect(path(long).utf8.count < 250)
        #expect(path(long) != path(String(long.dropLast()) + "x"))
    }

    @Test
    func theStateFolderDependsOnWhoAsks() throws {
        #expect(
            try StateDirectory.defaultBase(environment: [:], isRoot: true)
                == "/var/lib/rolling-lock"
        )
        let variables = ["XDG_STATE_HOME": "/x", "HOME": "/h"]
        #expect(
            try StateDirectory.defaultBase(environment: variables, isRoot: false)
                == "/x/rolling-lock"
        )
        #expect(
            try StateDirectory.defaultBase(environment: ["HOME": "/h"], isRoot: false)
                == "/h/.local/state/rolling-lock"
        )
        #expect(throws: (any Error).self) {
            try StateDirectory.defaultBase(environment: [:], isRoot: false)
        }
    }

    @Test
    func aStateFolderThatOthersMayWriteIsRefused() throws {
        let folder = try TemporaryDirectory("state")
        let state = StateDirectory(base: folder.path, clusterID: "c", lock: "l", unit: "u")
        try state.make()
        try state.make()
        let attributes = try FileManager.default.attributesOfItem(atPath: state.path)
        #expect(attributes[.posixPermissions] as? Int == 0o700)
        _ = unsafe chmod(state.path, 0o770)
        #expect(throws: (any Error).self) { try state.make() }
    }
}
