// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import EtcdTransport
import EtcdWire
import Foundation
import Testing

/// Snapshots that arrive damaged, from a server that sends them so.
@Suite(.timeLimit(.minutes(1)))
struct DamagedSnapshotTests {
    private static let data = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 7) }

    /// The messages of a sound snapshot.
    private static func messages() -> [SnapshotResponse] {
        var messages: [SnapshotResponse] = []
        var rest = self.data[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(64 << 10))
            rest = rest.dropFirst(piece.count)
            messages.append(
                SnapshotResponse(
                    remainingBytes: UInt64(rest.count),
                    blob: piece,
                    version: "3.6.0"
                )
            )
        }
        let digest = SHA256Digest()
        digest.update(self.data[...])
        messages.append(SnapshotResponse(blob: digest.finish(), version: "3.6.0"))
        return messages
    }

    /// How the server ends the stream.
    private enum Ending: Sendable {
        case status(Int)
        case reset
    }

    /// Saves what the server sends; the folder's files afterwards, and the error.
    private func save(
        _ messages: [SnapshotResponse],
        _ ending: Ending = .status(0)
    ) async throws -> (saved: EtcdSavedSnapshot?, error: EtcdError?, files: [String]) {
        let bytes = messages.map { $0.serialized() }
        let server = try ScriptedServer { event, link in
            guard case .endOfStream(let stream) = event else { return }
            link.session?.sendAnswerHeaders(on: stream)
            for message in bytes { link.session?.sendMessage(message, on: stream) }
            switch ending {
            case .status(let code): link.session?.sendStatus(code, message: "etcd", on: stream)
            case .reset: link.session?.reset(stream, code: 2)
            }
        }
        defer { server.stop() }
        let folder = try TemporaryDirectory("snapshot")
        var configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(server.port)"])
        // What breaks before the first message is tried again for as long.
        configuration.requestTimeout = .seconds(10)
        return try await withEtcdClient(configuration: configuration) { client in
            var saved: EtcdSavedSnapshot?
            var error: EtcdError?
            do {
                saved = try await client.maintenance.saveSnapshot(to: folder.path + "/etcd.db")
            } catch let failure as EtcdError {
                error = failure
            }
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            return (saved, error, files)
        }
    }

    @Test func aSoundOneIsSaved() async throws {
        let (saved, error, files) = try await self.save(Self.messages())
        #expect(error == nil && files == ["etcd.db"])
        #expect(saved?.size == UInt64(Self.data.count + 32))
        #expect(saved?.serverVersion == "3.6.0")
    }

    @Test func aFlippedBitLeavesNoFile() async throws {
        var messages = Self.messages()
        messages[20].blob[1000] ^= 1
        let (_, error, files) = try await self.save(messages)
        #expect(error?.code == .malformedResponse && error?.isRetryable == true)
        #expect(error?.message.contains("digest") == true)
        #expect(files == [])
    }

    @Test func aStreamThatEndsEarlyInGoodOrderLeavesNoFile() async throws {
        for count in [0, 1, 30, Self.messages().count - 1] {
            let (_, error, files) = try await self.save(Array(Self.messages().prefix(count)))
            #expect(error?.code == .malformedResponse, "\(count) messages")
            #expect(files == [])
        }
    }

    @Test func aStreamThatBreaksLeavesNoFile() async throws {
        let part = Array(Self.messages().prefix(30))
        let (_, error, files) = try await self.save(part, .status(14))
        #expect(error?.code == .unavailable && files == [])
        let (_, reset, others) = try await self.save(part, .reset)
        #expect(reset?.code == .unavailable && others == [])
    }
}
