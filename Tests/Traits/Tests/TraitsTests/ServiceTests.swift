// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Logging
import ServiceLifecycle
import Testing

@Suite(.timeLimit(.minutes(5)))
struct ServiceTests {
    /// What uses the client; the group starts it after the client and stops it before.
    private struct Worker: Service {
        let client: EtcdClient
        let group: AsyncStream<Void>.Continuation

        func run() async throws {
            try await self.client.put("a", "1")
            self.group.yield()
            try? await gracefulShutdown()
            // The client is still there.
            try await self.client.put("a", "2")
        }
    }

    @Test func clientIsShutDownWithItsGroupAndAfterItsUsers() async throws {
        try await EtcdServer.run { server in
            let client = try EtcdClient(configuration: .init(endpoints: [server.endpoint]))
            let (ready, continuation) = AsyncStream<Void>.makeStream()
            let group = ServiceGroup(
                services: [client, Worker(client: client, group: continuation)],
                logger: Logger(label: "services")
            )
            async let end: Void = group.run()
            var iterator = ready.makeAsyncIterator()
            await iterator.next()
            await group.triggerGracefulShutdown()
            try await end
            #expect(await client.diagnostics().isShutDown)
            await #expect {
                _ = try await client.get("a")
            } throws: { error in
                (error as? EtcdError)?.code == .closed
            }
        }
    }

    @Test func cancelledClientIsShutDown() async throws {
        let client = try EtcdClient(configuration: .init(endpoints: ["127.0.0.1:1"]))
        let run = Task { await client.run() }
        run.cancel()
        await run.value
        #expect(await client.diagnostics().isShutDown)
    }
}
