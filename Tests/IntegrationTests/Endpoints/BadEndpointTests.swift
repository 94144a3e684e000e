// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// What a wrong address or the wrong kind of server gets: an error of its own that names endpoint
/// and cause, within the connect timeout.
@Suite(.hangLimit)
struct BadEndpointTests {
    /// The error of a first call, and that it came in time.
    static func error(
        _ endpoints: [String],
        tls: EtcdClient.TLS? = nil,
        connectTimeout: Duration = .seconds(8),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async -> EtcdError? {
        var configuration = EtcdClient.Configuration(endpoints: endpoints, tls: tls)
        configuration.connectTimeout = connectTimeout
        configuration.requestTimeout = .seconds(60)
        let settled = configuration
        let start = ContinuousClock.now
        let error = await #expect(throws: EtcdError.self, sourceLocation: sourceLocation) {
            try await withEtcdClient(configuration: settled) { client in
                _ = try await client.put("a", "1")
            }
        }
        // Far less than the request timeout; the machine may be busy.
        #expect(.now - start < .seconds(30), sourceLocation: sourceLocation)
        if endpoints.count == 1 {
            #expect(
                error?.endpoint?.hasSuffix(endpoints[0]) == true,
                sourceLocation: sourceLocation
            )
        }
        return error
    }

    @Test
    func aPortWhereNothingListensIsRefused() async throws {
        let error = await Self.error(["127.0.0.1:\(try LoopbackPort.free())"])
        #expect(error?.code == .connectionRefused)
        #expect(error?.isRetryable == true)
    }

    @Test
    func aNameThatDoesNotResolveIsNamed() async {
        let error = await Self.error(["no-such-host.invalid:2379"])
        #expect(error?.code == .nameResolutionFailed)
        #expect(error?.message.contains("no-such-host.invalid") == true)
    }

    /// Not an error: without TLS the port for members takes the calls of clients, too.
    @Test(arguments: EtcdVersion.allCases)
    func thePeerPortServesOrIsNamed(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let endpoint = "127.0.0.1:\(etcd.peerPort)"
            do {
                try await withEtcdClient(configuration: .init(endpoints: [endpoint])) { client in
                    _ = try await client.put("a", "1")
                }
                #expect(try await etcd.etcdctl("get", "a", "--print-value-only") == "1")
            } catch let error as EtcdError {
                #expect(error.code == .notEtcd)
                #expect(error.message.contains("2379"))
            }
        }
    }

    @Test
    func aServerOfSomethingElseIsRecognised() async throws {
        let binary = String(repeating: "\u{1}", count: 40)
        for greeting in ["HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", binary] {
            let server = try TalkingServer(greeting: greeting)
            let error = await Self.error(["127.0.0.1:\(server.port)"])
            #expect(error?.code == .notEtcd, "\(error.debugDescription)")
            server.close()
        }
    }

    @Test
    func aSilentServerTimesOut() async throws {
        let server = try TalkingServer(greeting: "")
        defer { server.close() }
        let error = await Self.error(["127.0.0.1:\(server.port)"], connectTimeout: .seconds(1))
        #expect(error?.code == .connectionTimedOut)
    }

    @Test
    func everyEndpointIsNamedWhenAllFail() async throws {
        let port = try LoopbackPort.free()
        let error = await Self.error(
            ["127.0.0.1:\(port)", "no-such-host.invalid:1"]
        )
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("127.0.0.1:\(port): connection refused") == true)
        #expect(error?.message.contains("no-such-host.invalid") == true)
    }

    @Test
    func oneGoodEndpointAmongBadOnesIsEnough() async throws {
        let silent = try TalkingServer(greeting: "")
        defer { silent.close() }
        let endpoints = [
            "127.0.0.1:\(try LoopbackPort.free())", "no-such-host.invalid:1",
            "127.0.0.1:\(silent.port)",
        ]
        try await withEtcd(.v3_5) { etcd in
            // Wherever the random start lies, the good one is found.
            for _ in 0..<6 {
                let configuration = EtcdClient.Configuration(
                    endpoints: endpoints + [etcd.endpoint]
                )
                try await withEtcdClient(configuration: configuration) { client in
                    _ = try await client.put("a", "1")
                }
            }
        }
    }
}
