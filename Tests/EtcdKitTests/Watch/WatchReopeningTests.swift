// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdWire
import Synchronization
import Testing

@testable import EtcdKit

/// A server that takes every stream of watches and ends it at once.
@Suite(.timeLimit(.minutes(2)))
struct WatchReopeningTests {
    private enum End: CaseIterable {
        case refusal, reset, disconnection
    }

    @Test
    func aStreamThatIsEndedAtOnceIsNotOpenedInAHotLoop() async throws {
        for end in End.allCases {
            let streams = Counter()
            try await self.withServer(ending: end, streams) { client in
                let opening = Task { try await client.watch(.key("a")) }
                try await Task.sleep(for: .seconds(4))
                opening.cancel()
                await #expect(throws: CancellationError.self) { try await opening.value }
            }
            // Pauses of up to 50 ms, 100 ms and so on: by chance at most three times as many as on
            // average; without any it would be thousands.
            #expect((2...40).contains(streams.value), "\(end): \(streams.value)")
        }
    }

    private final class Counter: Sendable {
        private let count = Atomic<Int>(0)

        var value: Int { self.count.load(ordering: .relaxed) }

        func add() { self.count.add(1, ordering: .relaxed) }
    }

    private func withServer(
        ending end: End,
        _ streams: Counter,
        _ body: (EtcdClient) async throws -> Void
    ) async throws {
        let server = try ScriptedServer { event, link in
            guard case .request(let stream, let headers) = event,
                headers.contains(where: { $0.value == "/etcdserverpb.Watch/Watch" })
            else { return }
            streams.add()
            switch end {
            case .refusal:
                link.session?.refuse(stream, code: 14, message: "etcdserver: server stopped")
            case .reset:
                link.session?.reset(stream, code: 2)
            case .disconnection:
                link.abort()
            }
        }
        try await withEtcdClient(
            configuration: .init(endpoints: ["127.0.0.1:\(server.port)"]),
            body
        )
    }
}
