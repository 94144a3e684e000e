// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdWire
import Synchronization
import Testing

@testable import EtcdKit

/// A leader that never says whether it has handed over.
@Suite(.timeLimit(.minutes(2)))
struct MoveLeaderTimeTests {
    private struct Call: Hashable {
        let link: ObjectIdentifier
        let stream: Int32

        init(_ link: ScriptedLink, _ stream: Int32) {
            self.link = ObjectIdentifier(link)
            self.stream = stream
        }
    }

    private final class Record: Sendable {
        let paths = Mutex<[Call: String]>([:])
        let moves = Atomic<Int>(0)
    }

    /// The leader, which answers only the last of so many requests to hand over.
    private func leader(answering last: Int, _ record: Record) throws -> ScriptedServer {
        let header = ResponseHeader(clusterID: 7, memberID: 1, revision: 40)
        return try ScriptedServer { event, link in
            switch event {
            case .request(let stream, let headers):
                let path = headers.first { $0.name == ":path" }?.value ?? ""
                record.paths.withLock { $0[Call(link, stream)] = path }
            case .data(let stream, _):
                switch record.paths.withLock({ $0[Call(link, stream)] }) {
                case "/etcdserverpb.Maintenance/Status":
                    let status = StatusResponse(header: header, version: "3.5.1", leader: 1)
                    link.session?.answer(stream, with: status.serialized())
                case "/etcdserverpb.Maintenance/MoveLeader":
                    let number = record.moves.add(1, ordering: .relaxed).newValue
                    guard number == last else { return }
                    link.session?.answer(stream, with: MoveLeaderResponse().serialized())
                case "/etcdserverpb.KV/Range":
                    let response = RangeResponse(header: header)
                    link.session?.answer(stream, with: response.serialized())
                default:
                    link.session?.refuse(stream, code: 12, message: "unknown method")
                }
            default:
                break
            }
        }
    }

    @Test
    func anAttemptLeavesTimeToLookWhoLeads() async throws {
        let record = Record()
        let server = try self.leader(answering: 3, record)
        let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(server.port)"])
        try await withEtcdClient(configuration: configuration) { client in
            let start = ContinuousClock.now
            // Half of the time would be 30 s, and the whole of it all.
            try await client.withRequestTimeout(.seconds(60)).maintenance.moveLeader(to: .init(2))
            #expect(ContinuousClock.now - start < .seconds(25))
        }
        #expect(record.moves.load(ordering: .relaxed) == 3)
    }

    @Test
    func whatIsNeverAnsweredIsAmbiguous() async throws {
        let record = Record()
        let server = try self.leader(answering: 0, record)
        let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(server.port)"])
        try await withEtcdClient(configuration: configuration) { client in
            let error = await #expect(throws: EtcdError.self) {
                try await client.withRequestTimeout(.seconds(4)).maintenance.moveLeader(
                    to: .init(2)
                )
            }
            #expect(error?.code == .ambiguous)
        }
        // The first attempt had half of the time, the next one half of the rest.
        #expect(record.moves.load(ordering: .relaxed) > 1)
    }
}
