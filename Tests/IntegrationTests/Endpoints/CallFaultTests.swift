// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Logging
import Testing

/// What becomes of calls when connections break at the worst moment.
@Suite(.hangLimit)
struct CallFaultTests {
    private func withProxy(
        _ version: EtcdVersion,
        _ body: (EtcdProcess, FaultProxy, EtcdClient) async throws -> Void
    ) async throws {
        try await withEtcd(version) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            defer { proxy.close() }
            let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(proxy.port)"])
            try await withEtcdClient(configuration: configuration) { client in
                // Connects, so that what follows meets a connection in use.
                _ = try await client.get("a")
                try await body(etcd, proxy, client)
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aWriteWhoseAnswerIsLostIsAmbiguousAndNotRepeated(_ version: EtcdVersion) async throws {
        try await self.withProxy(version) { etcd, proxy, client in
            proxy.dropNextAnswer()
            let error = await #expect(throws: EtcdError.self) {
                try await client.put("a", "1")
            }
            #expect(proxy.droppedAnswers == 1)
            #expect(error?.code == .ambiguous)
            #expect(error?.isRetryable == false)
            #expect(error?.endpoint == "http://127.0.0.1:\(proxy.port)")
            // It was executed, once.
            let stored = try await client.get("a")
            #expect(stored?.version == 1)

            proxy.dropNextAnswer()
            let second = await #expect(throws: EtcdError.self) {
                try await client.commit(EtcdTransaction().then(.put("a", "2")))
            }
            #expect(second?.code == .ambiguous)
            #expect(try await etcd.etcdctl("get", "a", "--print-value-only") == "2")
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aReadWhoseAnswerIsLostIsRepeated(_ version: EtcdVersion) async throws {
        try await self.withProxy(version) { _, proxy, client in
            try await client.put("a", "1")
            for _ in 0..<3 {
                proxy.dropNextAnswer()
                let found = try await client.get("a")
                #expect(found?.value == "1")
                proxy.dropNextAnswer()
                let answer = try await client.commit(EtcdTransaction().then(.get("a")))
                #expect(answer.results.count == 1)
            }
            #expect(proxy.droppedAnswers == 6)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aConnectionCutWhileIdleIsReplacedUnnoticed(_ version: EtcdVersion) async throws {
        try await self.withProxy(version) { _, proxy, client in
            for index in 0..<5 {
                proxy.cut()
                // A write: it is repeated only if it is proven that it was not executed. In the
                // moment between the cut and its discovery it is not, hence the read first.
                _ = try await client.get("a")
                try await client.put("a", "\(index)")
            }
            let found = try await client.get("a")
            #expect(found?.version == 5)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func callsWaitForAServerThatRestarts(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            try await client.put("a", "1")
            await etcd.kill()
            async let found = client.withRequestTimeout(.seconds(60)).get("a")
            async let written = client.withRequestTimeout(.seconds(60)).commit(
                EtcdTransaction().when(.exists("a")).then(.get("a"))
            )
            try await etcd.startAgain()
            #expect(try await found?.value == "1")
            #expect(try await written.succeeded)
        }
    }

    @Test
    func aCallEndsAtItsDeadlineWhateverTheServerDoes() async throws {
        try await self.withProxy(.v3_5) { _, proxy, client in
            try await client.put("a", "1")
            proxy.blackHole()
            let hurried = client.withRequestTimeout(.milliseconds(300))
            let start = ContinuousClock.now
            let write = await #expect(throws: EtcdError.self) { try await hurried.put("a", "2") }
            #expect(write?.code == .ambiguous)
            #expect((write?.cause as? EtcdError)?.code == .deadlineExceeded)
            let read = await #expect(throws: EtcdError.self) { try await hurried.get("a") }
            // The silent connection may have been given up by then, and what takes its place be closed.
            let codes: [EtcdError.Code?] = [.deadlineExceeded, .connectionTimedOut, .unavailable]
            #expect(codes.contains(read?.code))
            #expect(.now - start < .seconds(20))
        }
    }

    @Test
    func timeoutsOfAnyLengthAreTaken() async throws {
        try await withEtcdAndClient(.v3_5) { _, client in
            try await client.withRequestTimeout(.seconds(Int64.max)).put("a", "1")
            for late in [Duration.zero, .seconds(-1), .seconds(Int64.min)] {
                let error = await #expect(throws: EtcdError.self) {
                    try await client.withRequestTimeout(late).put("a", "2")
                }
                let codes: [EtcdError.Code?] = [.deadlineExceeded, .ambiguous]
                #expect(codes.contains(error?.code))
            }
        }
    }

    @Test
    func aCancelledCallEndsAtOnce() async throws {
        try await self.withProxy(.v3_5) { _, proxy, client in
            try await client.put("a", "1")
            proxy.blackHole()
            let patient = client.withRequestTimeout(.seconds(300))
            let task = Task { try await patient.get("a") }
            try await Task.sleep(for: .milliseconds(50))
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test
    func cancellationEndsTheWaitForAConnection() async throws {
        let silent = try TalkingServer(greeting: "")
        defer { silent.close() }
        var configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(silent.port)"])
        configuration.connectTimeout = .seconds(300)
        configuration.requestTimeout = .seconds(300)
        try await withEtcdClient(configuration: configuration) { client in
            let task = Task { try await client.put("a", "1") }
            try await Task.sleep(for: .milliseconds(50))
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test
    func shutdownEndsCallsAndRefusesLaterOnes() async throws {
        try await withEtcd(.v3_5) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            defer { proxy.close() }
            let client = try EtcdClient(
                configuration: .init(endpoints: ["127.0.0.1:\(proxy.port)"])
            )
            try await client.put("a", "1")
            proxy.blackHole()
            let read = Task { try await client.get("a") }
            let write = Task { try await client.put("a", "2") }
            try await Task.sleep(for: .milliseconds(50))
            await client.shutdown()
            let readError = await #expect(throws: EtcdError.self) { try await read.value }
            #expect(readError?.code == .closed)
            let writeError = await #expect(throws: EtcdError.self) { try await write.value }
            // On a busy machine the write may not have been sent yet.
            let codes: [EtcdError.Code?] = [.ambiguous, .closed]
            #expect(codes.contains(writeError?.code))
            let later = await #expect(throws: EtcdError.self) { try await client.get("a") }
            #expect(later?.code == .closed)
            await client.shutdown()
        }
    }

    @Test
    func aClientThatIsLetGoClosesItsConnectionsAndSaysSo() async throws {
        try await withEtcd(.v3_5) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            defer { proxy.close() }
            let log = LogCapture()
            do {
                var configuration = EtcdClient.Configuration(
                    endpoints: ["127.0.0.1:\(proxy.port)"])
                configuration.logger = log.logger
                let client = try EtcdClient(configuration: configuration)
                // Another view of the same client must not close it.
                _ = try await client.withRequestTimeout(.seconds(3)).get("a")
                _ = try await client.get("a")
                #expect(proxy.openConnections == 1)
            }
            while proxy.openConnections > 0 { try await Task.sleep(for: .milliseconds(10)) }
            #expect(log.messages(atLeast: .warning).count == 1)
            #expect(log.messages(atLeast: .warning)[0].contains("shutdown"))
        }
    }
}
