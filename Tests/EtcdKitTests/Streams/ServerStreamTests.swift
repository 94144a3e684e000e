// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import EtcdTestSupport
import EtcdTransport
import EtcdWire
import Testing

/// Streams of answers, from a server that is scripted frame by frame.
@Suite(.timeLimit(.minutes(1)))
struct ServerStreamTests {
    private typealias Stream = ServerStream<SnapshotRequest, SnapshotResponse>

    /// A client of the server, and a stream that has not been asked for.
    private func withStream(
        _ server: ScriptedServer,
        timeout: Duration = .seconds(20),
        opensWithMessage: Bool = true,
        silenceLimit: Duration? = nil,
        _ body: (Stream) async throws -> Void
    ) async throws {
        let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(server.port)"])
        try await withEtcdClient(configuration: configuration) { client in
            let options = ServerStreamOptions(
                route: .calls,
                timeout: timeout,
                opensWithMessage: opensWithMessage,
                silenceLimit: silenceLimit
            )
            try await body(
                client.core.serverStream(MaintenanceRPC.snapshot, SnapshotRequest(), options)
            )
        }
    }

    private static func message(_ number: UInt64, size: Int = 0) -> [UInt8] {
        SnapshotResponse(
            remainingBytes: number,
            blob: [UInt8](repeating: 1, count: size)
        ).serialized()
    }

    /// Waits for the call and begins the answer; its stream.
    private func accept(_ server: ScriptedServer) async throws -> Int32 {
        let stream = try await server.nextRequest().stream
        server.perform { $0.session?.sendAnswerHeaders(on: stream) }
        return stream
    }

    @Test func messagesComeInOrderAndThenTheEnd() async throws {
        let server = try ScriptedServer { event, link in
            guard case .endOfStream(let stream) = event else { return }
            link.session?.sendAnswerHeaders(on: stream)
            for number in 1...1000 {
                link.session?.sendMessage(Self.message(UInt64(number)), on: stream)
            }
            link.session?.sendStatus(on: stream)
        }
        try await self.withStream(server) { stream in
            var numbers: [UInt64] = []
            var iterator = stream.makeAsyncIterator()
            while let message = try await iterator.next() { numbers.append(message.remainingBytes) }
            #expect(numbers == Array(1...1000))
            #expect(try await iterator.next() == nil)
        }
    }

    @Test func aFailureBeforeTheFirstMessageIsRepeatedAndOneBehindItIsNot() async throws {
        let server = try ScriptedServer()
        try await self.withStream(server) { stream in
            async let first = {
                var iterator = stream.makeAsyncIterator()
                let message = try await iterator.next()
                return (message?.remainingBytes, await etcdError { _ = try await iterator.next() })
            }()
            let refused = try await server.nextRequest().stream
            server.perform {
                $0.session?.refuse(refused, code: 14, message: "etcdserver: no leader")
            }
            let accepted = try await self.accept(server)
            server.perform {
                $0.session?.sendMessage(Self.message(7), on: accepted)
                $0.session?.sendStatus(14, message: "etcdserver: no leader", on: accepted)
            }
            let (number, error) = try await first
            #expect(number == 7)
            #expect(error?.code == .noLeader)
        }
    }

    @Test func cancellingTheTaskResetsTheStream() async throws {
        let server = try ScriptedServer()
        try await self.withStream(server) { stream in
            let task = Task {
                for try await _ in stream {}
            }
            let id = try await self.accept(server)
            server.perform { $0.session?.sendMessage(Self.message(1), on: id) }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try await server.next(.reset(stream: id, code: 8))
        }
    }

    @Test func lettingTheIteratorGoResetsTheStream() async throws {
        let server = try ScriptedServer { event, link in
            guard case .endOfStream(let stream) = event else { return }
            link.session?.sendAnswerHeaders(on: stream)
            link.session?.sendMessage(Self.message(1), on: stream)
        }
        try await self.withStream(server) { stream in
            for try await message in stream {
                #expect(message.remainingBytes == 1)
                break
            }
            try await server.next(.reset(stream: 1, code: 8))
        }
    }

    @Test func aConsumerThatIsSlowHoldsTheServerBack() async throws {
        let size = 1 << 20
        let server = try ScriptedServer { event, link in
            guard case .endOfStream(let stream) = event else { return }
            link.session?.sendAnswerHeaders(on: stream)
            for number in 1...16 {
                link.session?.sendMessage(Self.message(UInt64(number), size: size), on: stream)
            }
            link.session?.sendStatus(on: stream)
        }
        try await self.withStream(server) { stream in
            var iterator = stream.makeAsyncIterator()
            _ = try await iterator.next()
            // What is given back without the consumer is one message and the part of another: the
            // server cannot have sent all, so its side of the stream cannot be closed.
            server.perform { $0.session?.ping() }
            try await server.next(.pingAcknowledged)
            #expect(!server.pendingEvents.contains(.streamClosed(1)))
            var count = 1
            while let message = try await iterator.next() {
                #expect(message.blob.count == size)
                count += 1
            }
            #expect(count == 16)
            try await server.next(.streamClosed(1))
        }
    }

    @Test func aMessageLargerThanTheWindowArrives() async throws {
        let size = 20 << 20
        let server = try ScriptedServer { event, link in
            guard case .endOfStream(let stream) = event else { return }
            link.session?.sendAnswerHeaders(on: stream)
            for number in 1...3 {
                link.session?.sendMessage(Self.message(UInt64(number), size: size), on: stream)
            }
            link.session?.sendStatus(on: stream)
        }
        try await self.withStream(server) { stream in
            var sizes: [Int] = []
            for try await message in stream { sizes.append(message.blob.count) }
            #expect(sizes == [size, size, size])
        }
    }

    @Test func aServerThatSaysNothingIsGivenUp() async throws {
        let server = try ScriptedServer()
        try await self.withStream(server, timeout: .seconds(2)) { stream in
            var iterator = stream.makeAsyncIterator()
            let error = await etcdError { _ = try await iterator.next() }
            #expect(error?.code == .deadlineExceeded)
            let end = try await iterator.next()
            #expect(end == nil)
        }
    }

    @Test func silenceBetweenMessagesHasALimit() async throws {
        let server = try ScriptedServer { event, link in
            guard case .endOfStream(let stream) = event else { return }
            link.session?.sendAnswerHeaders(on: stream)
            link.session?.sendMessage(Self.message(1), on: stream)
        }
        try await self.withStream(server, silenceLimit: .milliseconds(200)) { stream in
            var iterator = stream.makeAsyncIterator()
            #expect(try await iterator.next()?.remainingBytes == 1)
            let error = await etcdError { _ = try await iterator.next() }
            #expect(error?.code == .deadlineExceeded)
            try await server.next(.reset(stream: 1, code: 8))
        }
    }

    @Test func aFirstMessageThatIsNotPartOfOpeningTakesItsTime() async throws {
        let server = try ScriptedServer()
        try await self.withStream(
            server,
            timeout: .seconds(1),
            opensWithMessage: false
        ) { stream in
            async let first = {
                var iterator = stream.makeAsyncIterator()
                return try await iterator.next()?.remainingBytes
            }()
            let id = try await self.accept(server)
            try await Task.sleep(for: .milliseconds(1200))
            server.perform { $0.session?.sendMessage(Self.message(5), on: id) }
            let number = try await first
            #expect(number == 5)
        }
    }

    @Test func aMessageThatCannotBeReadEndsTheStream() async throws {
        let server = try ScriptedServer { event, link in
            guard case .endOfStream(let stream) = event else { return }
            link.session?.sendAnswerHeaders(on: stream)
            link.session?.sendMessage([0xff], on: stream)
        }
        try await self.withStream(server) { stream in
            var iterator = stream.makeAsyncIterator()
            let error = await etcdError { _ = try await iterator.next() }
            #expect(error?.code == .malformedResponse)
            try await server.next(.reset(stream: 1, code: 8))
        }
    }

    private func etcdError(_ body: () async throws -> Void) async -> EtcdError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? EtcdError
        }
    }
}
