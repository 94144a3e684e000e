// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdWire
import Synchronization
import Testing

@testable import EtcdKit

/// An observation whose watch is not acknowledged in time.
@Suite(.timeLimit(.minutes(3)))
struct ObservationRetryTests {
    @Test
    func theWatchIsOpenedAgainFromTheSameRevisionWithoutAnotherListing() async throws {
        let record = Record()
        let server = try ScriptedServer { event, link in
            switch event {
            case .request(let stream, let headers):
                let path = headers.first { $0.name == ":path" }?.value ?? ""
                if record.began(path, on: stream, of: link) {
                    link.session?.sendAnswerHeaders(on: stream)
                }
            case .data(let stream, let bytes):
                for response in record.responses(to: bytes, on: stream, of: link) {
                    link.session?.sendMessage(response.serialized(), on: stream)
                }
            case .endOfStream(let stream):
                guard record.isListing(stream, of: link) else { return }
                let response = RangeResponse(header: ResponseHeader(revision: 9))
                link.session?.answer(stream, with: response.serialized())
            default:
                break
            }
        }
        let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(server.port)"])
        try await withEtcdClient(configuration: configuration) { client in
            let hasty = client.withRequestTimeout(.seconds(3))
            var leaders = try hasty.election("e", root: nil).observe().makeAsyncIterator()
            let nobody = try await leaders.next()
            #expect(nobody == .some(nil))
            let leader = try await leaders.next()
            #expect(leader??.value == "here")
        }
        #expect(record.state.withLock { $0.listings } == 1)
        #expect(record.state.withLock { $0.starts } == [9, 9])
    }
}

/// What has come so far, for the test and for the server's thread.
private final class Record: Sendable {
    struct Stream: Hashable {
        let link: ObjectIdentifier
        let number: Int32
    }

    struct State {
        var paths: [Stream: String] = [:]
        var listings = 0
        /// Where the watches were to begin.
        var starts: [Int64] = []
        /// Their IDs.
        var unacknowledged: [Int64] = []
    }

    let state = Mutex(State())

    /// - Returns: Whether it is a watch.
    func began(_ path: String, on number: Int32, of link: ScriptedLink) -> Bool {
        let stream = Stream(link: ObjectIdentifier(link), number: number)
        self.state.withLock { $0.paths[stream] = path }
        return path == "/etcdserverpb.Watch/Watch"
    }

    func isListing(_ number: Int32, of link: ScriptedLink) -> Bool {
        let stream = Stream(link: ObjectIdentifier(link), number: number)
        return self.state.withLock { state in
            guard state.paths[stream] == "/etcdserverpb.KV/Range" else { return false }
            state.listings += 1
            return true
        }
    }

    /// Leaves the first watch unacknowledged until there is a second one, which gets an event.
    func responses(
        to bytes: [UInt8],
        on number: Int32,
        of link: ScriptedLink
    ) -> [WatchResponse] {
        let stream = Stream(link: ObjectIdentifier(link), number: number)
        return self.state.withLock { state in
            guard state.paths[stream] == "/etcdserverpb.Watch/Watch" else { return [] }
            var responses: [WatchResponse] = []
            var rest = bytes[...]
            while rest.count >= 5 {
                let count = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
                let message = Array(rest.dropFirst(5).prefix(count))
                rest = rest.dropFirst(5 + count)
                guard let request = try? WatchRequest(serialized: message),
                    case .create(let create) = request.request
                else { continue }
                state.starts.append(create.startRevision)
                state.unacknowledged.append(create.watchID)
                guard state.starts.count > 1 else { continue }
                responses += state.unacknowledged.map { .created($0, at: 9) }
                state.unacknowledged = []
                var elected = WatchResponse.events(create.watchID, 10)
                elected.events[0].kv = KeyValue(
                    key: Array("e/1-2".utf8),
                    createRevision: 10,
                    modRevision: 10,
                    version: 1,
                    value: Array("here".utf8)
                )
                responses.append(elected)
            }
            return responses
        }
    }
}
