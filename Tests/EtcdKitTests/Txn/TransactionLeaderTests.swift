// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdWire
import Testing

@testable import EtcdKit

/// Which transactions a member without a leader is told to refuse.
@Suite(.timeLimit(.minutes(1)))
struct TransactionLeaderTests {
    private static let local = EtcdOperation.range(.all, options: .init(isSerializable: true))

    private static let withoutLeader: [EtcdTransaction] = [
        .init(then: [Self.local]),
        .init(when: [.exists("a")], then: [Self.local], otherwise: [Self.local, Self.local]),
    ]

    private static let withLeader: [EtcdTransaction] = [
        .init(then: [.get("a")]),
        .init(then: [Self.local], otherwise: [.get("a")]),
        .init(when: [.exists("a")]),
        .init(then: [.put("a", "1")]),
        .init(then: [.transaction(.init(then: [Self.local]))]),
    ]

    @Test
    func onlyReadsThatOneMemberMayAnswerNeedNoLeader() async throws {
        let server = try ScriptedServer { event, link in
            guard case .endOfStream(let stream) = event else { return }
            let results = [ResponseOp(response: .range(RangeResponse()))]
            let response = TxnResponse(succeeded: true, responses: results)
            link.session?.answer(stream, with: response.serialized())
        }
        let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(server.port)"])
        try await withEtcdClient(configuration: configuration) { client in
            for (transactions, isExpected) in [
                (Self.withoutLeader, false), (Self.withLeader, true),
            ] {
                for transaction in transactions {
                    _ = try await client.commit(transaction)
                    let headers = try await server.nextRequest().headers
                    #expect(headers.contains { $0.name == "hasleader" } == isExpected)
                }
            }
        }
    }
}
