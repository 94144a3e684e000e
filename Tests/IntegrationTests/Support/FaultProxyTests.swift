// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// The proxy does to a connection what its tests say, seen with etcd's own client.
@Suite(.hangLimit)
struct FaultProxyTests {
    private static let impatient = "--command-timeout=500ms"

    @Test
    func bytesPassInBothDirections() async throws {
        try await withEtcd(.v3_5) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            try await etcd.etcdctl("put", "a", "1", through: proxy)
            #expect(try await etcd.etcdctl("get", "a", "--print-value-only", through: proxy) == "1")
            #expect(proxy.acceptedConnections == 2)
        }
    }

    @Test
    func aRefusedPortIsTakenAgainLater() async throws {
        try await withEtcd(.v3_5) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            proxy.refuse()
            let failure = await #expect(throws: ChildProcess.Failure.self) {
                try await etcd.etcdctl(Self.impatient, "get", "a", through: proxy)
            }
            #expect(failure?.description.contains("connection refused") == true)
            try proxy.accept()
            try await etcd.etcdctl("put", "a", "1", through: proxy)
        }
    }

    @Test
    func aCutConnectionIsMadeAgain() async throws {
        try await withEtcd(.v3_5) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            let watch = try await etcd.startEtcdctl(["watch", "a"], through: proxy)
            try await etcd.waitForWatches(1)
            proxy.cut()
            try await etcd.etcdctl("put", "a", "after the cut")
            while !watch.standardOutput.contains("after the cut") {
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(proxy.acceptedConnections == 2)
            watch.signal(9)
        }
    }

    @Test
    func aBlackHoleAnswersNothingUntilItIsHealed() async throws {
        try await withEtcd(.v3_5) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            proxy.blackHole()
            await #expect(throws: ChildProcess.Failure.self) {
                try await etcd.etcdctl(Self.impatient, "put", "a", "1", through: proxy)
            }
            proxy.heal()
            try await etcd.etcdctl("put", "a", "2", through: proxy)
        }
    }

    @Test(arguments: FaultProxy.Direction.allCases)
    func aBlackHoleInOneDirectionLetsTheOtherPass(
        _ direction: FaultProxy.Direction
    ) async throws {
        try await withEtcd(.v3_5) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            var configuration = EtcdClient.Configuration(endpoints: [etcd.endpoint(through: proxy)])
            configuration.requestTimeout = .seconds(1)
            try await withEtcdClient(configuration: configuration) { client in
                try await client.put("a", "before")
                proxy.blackHole(direction)
                let failure = await #expect(throws: EtcdError.self) {
                    try await client.put("a", "during")
                }
                #expect(failure?.code == .ambiguous)
                let value = try await etcd.etcdctl("get", "a", "--print-value-only")
                #expect(value == (direction == .toClient ? "during" : "before"))
            }
        }
    }

    @Test
    func aThrottledConnectionTakesItsTime() async throws {
        try await withEtcd(.v3_5) { etcd in
            let value = String(repeating: "v", count: 10_000)
            try await etcd.etcdctl("put", "a", value)
            let proxy = try FaultProxy(to: etcd.port)
            proxy.throttle(bytesPerSecond: 5000)
            let begin = ContinuousClock.now
            let read = try await etcd.etcdctl("get", "a", "--print-value-only", through: proxy)
            #expect(read == value)
            #expect(ContinuousClock.now - begin > .seconds(1.9))
        }
    }

    @Test(arguments: FaultProxy.Direction.allCases)
    func aByteThatChangesEndsAConnectionWithTLS(_ direction: FaultProxy.Direction) async throws {
        let folder = try TemporaryDirectory("certificates")
        let tls = EtcdProcess.TLS(try TestCertificates.make(in: folder.path))
        try await withEtcd(.v3_5, .init(tls: tls)) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            let watch = try await etcd.startEtcdctl(["watch", "a"], through: proxy)
            defer { watch.signal(9) }
            try await etcd.waitForWatches(1)
            proxy.flipNextByte(direction)
            // The answer to a PING, or to what the server says of it, goes the other way.
            try await etcd.etcdctl("put", "a", "first")
            try await etcd.etcdctl("put", "a", "last")
            try await eventually { watch.standardOutput.contains("last") }
            #expect(watch.standardOutput.contains("first"))
            #expect(proxy.flippedBytes == 1)
            #expect(proxy.acceptedConnections == 2)
        }
    }

    @Test
    func anAnswerIsDroppedAfterTheServerDidTheWork() async throws {
        try await withEtcd(.v3_5) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            proxy.dropNextAnswer()
            await #expect(throws: ChildProcess.Failure.self) {
                try await etcd.etcdctl(Self.impatient, "put", "a", "1", through: proxy)
            }
            #expect(try await etcd.etcdctl("get", "a", "--print-value-only") == "1")
            #expect(proxy.droppedAnswers == 1)
        }
    }

    @Test
    func aServerWithTLSAnswersClientsWithACertificateOnly() async throws {
        let folder = try TemporaryDirectory("certificates")
        let certificates = try TestCertificates.make(in: folder.path)
        let tls = EtcdProcess.TLS(certificates)
        try await withEtcd(.v3_4, .init(tls: tls)) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            try await etcd.etcdctl("put", "a", "1", through: proxy)
            #expect(try await etcd.etcdctl("get", "a", "--print-value-only") == "1")
            let stranger = ["--cert", "", "--key", ""]
            let output = try await etcd.startEtcdctl(stranger + [Self.impatient, "get", "a"]).wait()
            #expect(!output.isSuccess)
        }
    }
}
