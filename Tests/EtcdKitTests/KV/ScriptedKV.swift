// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdWire
import Synchronization
import Testing

@testable import EtcdKit

/// A server whose reads of ranges are answered as a test says.
final class ScriptedKV: Sendable {
    /// A read that has come.
    struct Call: Sendable {
        let stream: Int32
        /// `Range` or `RangeStream`.
        let method: String
        let hasLeader: Bool
        let request: RangeRequest
    }

    private struct State {
        var headers: [Int32: [ScriptedHeader]] = [:]
        var calls: [Call] = []
    }

    /// Keeps the state for the server's thread as well.
    private final class Record: Sendable {
        let state = Mutex(State())
    }

    let server: ScriptedServer
    private let record: Record

    /// Starts listening; the closure is what is done with a call, on the server's thread.
    init(_ answer: @escaping @Sendable (Call, ScriptedSession) -> Void) throws {
        let record = Record()
        self.record = record
        self.server = try ScriptedServer { event, link in
            switch event {
            case .request(let stream, let headers):
                record.state.withLock { $0.headers[stream] = headers }
            case .data(let stream, let bytes):
                guard let session = link.session,
                    let request = try? RangeRequest(serialized: Array(bytes.dropFirst(5)))
                else { return }
                guard !request.isProbe else {
                    session.answer(stream, with: RangeResponse().serialized())
                    return
                }
                let call = record.state.withLock { state in
                    let headers = state.headers.removeValue(forKey: stream) ?? []
                    let path = headers.first { $0.name == ":path" }?.value ?? ""
                    let call = Call(
                        stream: stream,
                        method: String(path.split(separator: "/").last ?? ""),
                        hasLeader: headers.contains { $0.name == "hasleader" },
                        request: request
                    )
                    state.calls.append(call)
                    return call
                }
                answer(call, session)
            default:
                break
            }
        }
    }

    /// The reads so far.
    var calls: [Call] { self.record.state.withLock { $0.calls } }

    /// Runs a closure with a client of this server.
    func withClient<Result>(_ body: (EtcdClient) async throws -> Result) async throws -> Result {
        let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(self.server.port)"])
        return try await withEtcdClient(configuration: configuration, body)
    }
}

extension RangeResponse {
    /// Keys of these numbers at revision 40; the header comes with the end of the range only, or
    /// always in the answer to a call.
    static func keys(_ numbers: Range<Int>, more: Bool, hasHeader: Bool = true) -> RangeResponse {
        RangeResponse(
            header: hasHeader ? ResponseHeader(clusterID: 7, memberID: 1, revision: 40) : nil,
            kvs: numbers.map {
                KeyValue(
                    key: Array("k\($0)".utf8),
                    createRevision: 5,
                    modRevision: 6,
                    version: 2,
                    value: [1, 2, 3]
                )
            },
            more: more,
            count: hasHeader ? 100 : 0
        )
    }
}

extension ScriptedSession {
    func answer(_ call: ScriptedKV.Call, _ response: RangeResponse) {
        self.answer(call.stream, with: response.serialized())
    }

    func begin(_ call: ScriptedKV.Call) {
        self.sendAnswerHeaders(on: call.stream)
    }

    func send(_ response: RangeResponse, on call: ScriptedKV.Call) {
        self.sendMessage(
            RangeStreamResponse(rangeResponse: response).serialized(),
            on: call.stream
        )
    }
}

extension RangeRequest {
    /// Whether the client only wants to know whether the member does its work.
    var isProbe: Bool { self.key == [0] && self.rangeEnd.isEmpty && self.countOnly }
}
