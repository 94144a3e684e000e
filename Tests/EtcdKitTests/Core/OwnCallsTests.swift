// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdWire
import Synchronization
import Testing

@testable import EtcdKit

/// What a client asks of its own accord.
@Suite(.timeLimit(.minutes(1)))
struct OwnCallsTests {
    /// The methods that were called.
    private final class Record: Sendable {
        let paths = Mutex<[Int32: String]>([:])
        let all = Mutex<Set<String>>([])
    }

    /// A server that answers reads, watches and questions for the status, all as cluster 7.
    private func server(_ record: Record) throws -> ScriptedServer {
        let header = ResponseHeader(clusterID: 7, memberID: 1, revision: 40)
        return try ScriptedServer { event, link in
            switch event {
            case .request(let stream, let headers):
                let path = headers.first { $0.name == ":path" }?.value ?? ""
                record.paths.withLock { $0[stream] = path }
                record.all.withLock { _ = $0.insert(path) }
                if path.hasSuffix("/Watch") { link.session?.sendAnswerHeaders(on: stream) }
            case .data(let stream, let bytes):
                switch record.paths.withLock({ $0[stream] }) {
                case "/etcdserverpb.KV/Range":
                    link.session?.answer(
                        stream,
                        with: RangeResponse(header: header).serialized()
                    )
                case "/etcdserverpb.Maintenance/Status":
                    link.session?.answer(
                        stream,
                        with: StatusResponse(header: header).serialized()
                    )
                case "/etcdserverpb.Watch/Watch":
                    guard
                        let request = try? WatchRequest(serialized: Array(bytes.dropFirst(5))),
                        case .create(let create) = request.request
                    else { return }
                    link.session?.sendMessage(
                        WatchResponse(header: header, watchID: create.watchID, created: true)
                            .serialized(),
                        on: stream
                    )
                default:
                    break
                }
            default:
                break
            }
        }
    }

    @Test(arguments: [true, false])
    func aNewConnectionIsAskedForItsCluster(asksForStatus: Bool) async throws {
        let record = Record()
        let server = try self.server(record)
        defer { server.stop() }
        var configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(server.port)"])
        configuration.asksForStatus = asksForStatus
        try await withEtcdClient(configuration: configuration) { client in
            _ = try await client.get("a")
            #expect(record.all.withLock { $0 } == ["/etcdserverpb.KV/Range"])
            // The second connection; there is a cluster to compare with now.
            _ = try await client.watch(.key("a"))
        }
        let own: Set =
            asksForStatus
            ? [
                "/etcdserverpb.KV/Range", "/etcdserverpb.Watch/Watch",
                "/etcdserverpb.Maintenance/Status",
            ] : ["/etcdserverpb.KV/Range", "/etcdserverpb.Watch/Watch"]
        #expect(record.all.withLock { $0 } == own)
    }
}
