// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Foundation
import Testing

@Suite(.hangLimit)
struct SnapshotTests {
    /// A server with some megabytes of data.
    private func withData(
        _ version: EtcdVersion,
        _ body: (EtcdProcess, EtcdClient) async throws -> Void
    ) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let value = EtcdBytes((0..<(500 << 10)).map { UInt8(truncatingIfNeeded: $0) })
            for number in 0..<12 { try await client.put("k\(number)", value) }
            try await body(etcd, client)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aSavedSnapshotIsWholeAndRestorable(_ version: EtcdVersion) async throws {
        try await self.withData(version) { etcd, client in
            let folder = try TemporaryDirectory("snapshot")
            let path = folder.path + "/etcd.db"
            var steps: [EtcdSnapshotProgress] = []
            let saved = try await client.maintenance.saveSnapshot(to: path) { steps.append($0) }
            #expect(saved.endpoint == etcd.endpoint)
            #expect(saved.serverVersion == nil)
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.size] as? UInt64 == saved.size)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["etcd.db"])

            #expect(steps.count > 4)
            #expect(steps.map(\.writtenBytes) == steps.map(\.writtenBytes).sorted())
            #expect(steps.last?.writtenBytes == saved.size)
            #expect(steps.allSatisfy { $0.totalBytes == saved.size })

            // Compares the digest, then starts from the data.
            let restored = folder.path + "/restored"
            try await etcd.etcdctl("snapshot", "restore", path, "--data-dir", restored)
            let status = try await etcd.etcdctl("snapshot", "status", path, "-w", "json")
            // One revision per put, after the first one.
            #expect(status.contains(#""revision":13,"#), "\(status)")
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func theChunksAreTheFileAndCountDown(_ version: EtcdVersion) async throws {
        try await self.withData(version) { etcd, client in
            let folder = try TemporaryDirectory("snapshot")
            let path = folder.path + "/etcd.db"
            try await etcd.etcdctl("snapshot", "save", path)
            var bytes: [UInt8] = []
            var remaining: [UInt64] = []
            var total: UInt64 = 0
            for try await chunk in try await client.maintenance.snapshot(at: etcd.endpoint) {
                bytes += chunk.bytes
                remaining.append(chunk.remainingBytes)
                total = chunk.totalBytes
            }
            #expect(remaining == remaining.sorted(by: >) && remaining.last == 0)
            #expect(total == UInt64(bytes.count))
            let file = try #require(FileManager.default.contents(atPath: path))
            #expect(file.count == bytes.count && file.suffix(32) == Data(bytes.suffix(32)))
        }
    }

    @Test func anOlderFileIsReplacedOnlyBySuccess() async throws {
        try await self.withData(.v3_5) { etcd, client in
            let folder = try TemporaryDirectory("snapshot")
            let path = folder.path + "/etcd.db"
            try Data("old".utf8).write(to: URL(fileURLWithPath: path))
            let proxy = try FaultProxy(to: etcd.port)
            defer { proxy.close() }
            let endpoint = etcd.endpoint(through: proxy)

            // The connection is cut when a part is written.
            let cut = await etcdError {
                try await client.maintenance.saveSnapshot(to: path, at: endpoint) { _ in
                    proxy.refuse()
                    proxy.cut()
                }
            }
            #expect(cut?.code == .unavailable)
            #expect(cut?.endpoint == endpoint)
            #expect(try Self.content(of: folder) == ["etcd.db": "old"])

            // The server falls silent.
            try proxy.accept()
            let silent = await etcdError {
                let impatient = client.withRequestTimeout(.seconds(1)).maintenance
                try await impatient.saveSnapshot(to: path, at: endpoint) { _ in
                    proxy.blackHole()
                }
            }
            #expect(silent?.code == .deadlineExceeded)
            #expect(try Self.content(of: folder) == ["etcd.db": "old"])
            proxy.heal()

            let saved = try await client.maintenance.saveSnapshot(to: path, at: endpoint)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["etcd.db"])
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.size] as? UInt64 == saved.size)
        }
    }

    @Test func aCancelledSaveLeavesNothing() async throws {
        try await self.withData(.v3_5) { _, client in
            let folder = try TemporaryDirectory("snapshot")
            let task = Task {
                try await client.maintenance.saveSnapshot(to: folder.path + "/etcd.db") { _ in
                    // A part is there by now.
                    #expect((try? Self.content(of: folder).count) == 1)
                    unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
                }
            }
            let result = await task.result
            #expect(throws: CancellationError.self) { try result.get() }
            #expect(try Self.content(of: folder).isEmpty)
            try await client.put("a", "1")
        }
    }

    @Test func filesThatCannotBeWrittenAreNamed() async throws {
        try await withEtcdAndClient(.v3_5) { _, client in
            let folder = try TemporaryDirectory("snapshot")
            for path in ["", folder.path, folder.path + "/none/etcd.db", "/dev/full/x"] {
                let error = await etcdError {
                    try await client.maintenance.saveSnapshot(to: path)
                }
                #expect(error?.code == .fileFailed)
                #expect(path.isEmpty || error?.message.contains(path) == true)
            }
            #expect(try Self.content(of: folder).isEmpty)
        }
    }

    private static func content(of folder: TemporaryDirectory) throws -> [String: String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        return Dictionary(
            uniqueKeysWithValues: names.map { name in
                let data = FileManager.default.contents(atPath: folder.path + "/" + name)
                return (name, String(decoding: (data ?? Data()).prefix(16), as: UTF8.self))
            }
        )
    }
}
