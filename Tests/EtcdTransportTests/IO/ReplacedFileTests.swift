// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Foundation
import Glibc
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ReplacedFileTests {
    private func names(_ folder: TemporaryDirectory) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path)
    }

    private func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func theFileAppearsWholeAndForItsOwnerOnly() async throws {
        let folder = try TemporaryDirectory()
        let path = folder.path + "/file"
        let file = try await ReplacedFile.create(at: path)
        try await file.write(Array("one ".utf8))
        #expect(self.text(path) == nil)
        try await file.write(Array("two".utf8))
        try await file.commit()
        #expect(self.text(path) == "one two")
        #expect(try self.names(folder) == ["file"])
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        // Too late.
        await file.discard()
        #expect(self.text(path) == "one two")
    }

    @Test func anOlderFileStaysUntilTheEnd() async throws {
        let folder = try TemporaryDirectory()
        let path = folder.path + "/file"
        try Data("old".utf8).write(to: URL(fileURLWithPath: path))
        let dropped = try await ReplacedFile.create(at: path)
        try await dropped.write([1, 2, 3])
        await dropped.discard()
        #expect(self.text(path) == "old")
        #expect(try self.names(folder) == ["file"])

        let file = try await ReplacedFile.create(at: path)
        try await file.write(Array("new".utf8))
        #expect(self.text(path) == "old")
        try await file.commit()
        #expect(self.text(path) == "new")
        #expect(try self.names(folder) == ["file"])
    }

    @Test func whatIsNotCommittedGoesWithTheObject() async throws {
        let folder = try TemporaryDirectory()
        do {
            let file = try await ReplacedFile.create(at: folder.path + "/file")
            try await file.write([1])
            #expect(try self.names(folder).count == 1)
        }
        // The thread that wrote may be the last to let go of it.
        while try !self.names(folder).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test func twoWritersOfOneFileDoNotMix() async throws {
        let folder = try TemporaryDirectory()
        let path = folder.path + "/file"
        let first = try await ReplacedFile.create(at: path)
        let second = try await ReplacedFile.create(at: path)
        try await first.write(Array("first".utf8))
        try await second.write(Array("second".utf8))
        try await second.commit()
        try await first.commit()
        #expect(self.text(path) == "first")
        #expect(try self.names(folder) == ["file"])
    }

    @Test func aNameWithoutAFolderIsInTheCurrentOne() async throws {
        let name = "etcdkit-test-\(UInt64.random(in: .min ... .max))"
        let file = try await ReplacedFile.create(at: name)
        try await file.write([65])
        try await file.commit()
        #expect(self.text(name) == "A")
        _ = unsafe unlink(name)
    }

    @Test func whatIsNoRegularFileIsNotReplaced() async throws {
        let folder = try TemporaryDirectory()
        let (pipe, link) = (folder.path + "/pipe", folder.path + "/link")
        try #require(unsafe mkfifo(pipe, 0o600) == 0)
        try #require(unsafe symlink("target", link) == 0)
        for (path, reason) in [
            (pipe, "a pipe"), (link, "a symbolic link"), ("/dev/null", "a device"),
        ] {
            let failure = await #expect(throws: FileFailure.self) {
                try await ReplacedFile.create(at: path)
            }
            #expect(failure?.description.contains(path) == true)
            #expect(failure?.description.contains(reason) == true)
        }
        #expect(try self.names(folder).sorted() == ["link", "pipe"])
        // The name is taken by a link meanwhile.
        let path = folder.path + "/file"
        let file = try await ReplacedFile.create(at: path)
        try #require(unsafe symlink("target", path) == 0)
        await #expect(throws: FileFailure.self) { try await file.commit() }
        await file.discard()
        #expect(try self.names(folder).sorted() == ["file", "link", "pipe"])
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == "target")
    }

    @Test func failuresNameTheFileAndTheReason() async throws {
        let folder = try TemporaryDirectory()
        for (path, reason) in [
            (folder.path, "Is a directory"), (folder.path + "/none/file", "No such file"),
            ("", "Invalid argument"), (folder.path + "/", "Invalid argument"),
        ] {
            let failure = await #expect(throws: FileFailure.self) {
                try await ReplacedFile.create(at: path)
            }
            #expect(path.isEmpty || failure?.description.contains(path) == true)
            #expect(failure?.description.contains(reason) == true)
        }
        // The name is taken by a folder meanwhile.
        let path = folder.path + "/file"
        let file = try await ReplacedFile.create(at: path)
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: false
        )
        await #expect(throws: FileFailure.self) { try await file.commit() }
        await file.discard()
        #expect(try self.names(folder) == ["file"])
    }
}
