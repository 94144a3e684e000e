// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdWire
import Synchronization

@testable import EtcdKit

/// A server that acknowledges watches at revision 9, tells a version, and answers requests for
/// progress as a test says.
final class ScriptedWatch: Sendable {
    struct Options: Sendable {
        /// What a question for the status is answered with; nil: nothing.
        var version: String?
        /// The member that answers it; member 1 serves the watches.
        var member: UInt64 = 1
        /// How many watches are acknowledged.
        var acknowledgements = Int.max
        /// The cluster that acknowledges a watch, by how many were asked for before.
        var cluster: @Sendable (Int) -> UInt64 = { _ in 1 }
    }

    /// A request for progress.
    struct Question {
        /// The first one has 1.
        let number: Int
        let link: ScriptedLink
        let stream: Int32

        func answer(_ responses: WatchResponse...) {
            for response in responses {
                self.link.session?.sendMessage(response.serialized(), on: self.stream)
            }
        }
    }

    let server: ScriptedServer
    private let record = ScriptedWatchRecord()

    /// Starts listening; the closure is what is done with a request for progress, on the server's
    /// thread.
    init(_ options: Options, _ answer: @escaping @Sendable (Question) -> Void = { _ in }) throws {
        let record = self.record
        self.server = try ScriptedServer { event, link in
            switch event {
            case .request(let stream, let headers):
                let path = headers.first { $0.name == ":path" }?.value ?? ""
                record.began(path, on: stream, of: link)
                if path == "/etcdserverpb.Watch/Watch" {
                    link.session?.sendAnswerHeaders(on: stream)
                }
            case .endOfStream(let stream):
                if record.isRead(on: stream, of: link) {
                    // The client asks so whether a silent member serves.
                    link.session?.answer(stream, with: RangeResponse().serialized())
                    return
                }
                guard record.wasAskedForStatus(on: stream, of: link) else { return }
                guard let version = options.version else { return }
                let header = ResponseHeader(clusterID: 1, memberID: options.member, revision: 9)
                let response = StatusResponse(header: header, version: version)
                link.session?.answer(stream, with: response.serialized())
            case .data(let stream, let bytes):
                for request in record.requests(in: bytes, on: stream, of: link) {
                    switch request.request {
                    case .create(let create):
                        let number = record.countCreation()
                        guard number <= options.acknowledgements else { continue }
                        var response = WatchResponse.created(
                            create.watchID,
                            at: 9,
                            cluster: options.cluster(number - 1)
                        )
                        response.header?.memberID = 1
                        link.session?.sendMessage(response.serialized(), on: stream)
                    case .progress:
                        let number = record.countQuestion()
                        answer(Question(number: number, link: link, stream: stream))
                    case .cancel, nil:
                        break
                    }
                }
            default:
                break
            }
        }
    }

    /// How many watches were asked for.
    var creations: Int { self.record.state.withLock { $0.creations } }

    /// How many requests for progress have come.
    var questions: Int { self.record.state.withLock { $0.questions } }

    /// How often the status was asked for.
    var statuses: Int { self.record.state.withLock { $0.statuses } }

    /// Runs a closure with a client of this server.
    func withClient<Result>(_ body: (EtcdClient) async throws -> Result) async throws -> Result {
        var configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(self.server.port)"])
        // A process that is slowed down by what examines it starts slowly, too.
        configuration.connectTimeout = .seconds(40)
        configuration.requestTimeout = .seconds(40)
        return try await withEtcdClient(configuration: configuration, body)
    }
}

/// What has come so far, for the test and for the server's thread.
private final class ScriptedWatchRecord: Sendable {
    struct Call: Hashable {
        let link: ObjectIdentifier
        let stream: Int32

        init(_ link: ScriptedLink, _ stream: Int32) {
            self.link = ObjectIdentifier(link)
            self.stream = stream
        }
    }

    struct State {
        var paths: [Call: String] = [:]
        var creations = 0
        var questions = 0
        var statuses = 0
    }

    let state = Mutex(State())

    func began(_ path: String, on stream: Int32, of link: ScriptedLink) {
        let call = Call(link, stream)
        self.state.withLock { $0.paths[call] = path }
    }

    func isRead(on stream: Int32, of link: ScriptedLink) -> Bool {
        self.state.withLock { $0.paths[Call(link, stream)] == "/etcdserverpb.KV/Range" }
    }

    func wasAskedForStatus(on stream: Int32, of link: ScriptedLink) -> Bool {
        let call = Call(link, stream)
        return self.state.withLock { state in
            guard state.paths[call] == "/etcdserverpb.Maintenance/Status" else { return false }
            state.statuses += 1
            return true
        }
    }

    func countCreation() -> Int {
        self.state.withLock { state in
            state.creations += 1
            return state.creations
        }
    }

    func countQuestion() -> Int {
        self.state.withLock { state in
            state.questions += 1
            return state.questions
        }
    }

    /// The requests in a piece of data; this client never sends a part of one.
    func requests(in bytes: [UInt8], on stream: Int32, of link: ScriptedLink) -> [WatchRequest] {
        let call = Call(link, stream)
        guard self.state.withLock({ $0.paths[call] == "/etcdserverpb.Watch/Watch" }) else {
            return []
        }
        var requests: [WatchRequest] = []
        var rest = bytes[...]
        while rest.count >= 5 {
            let count = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
            let message = Array(rest.dropFirst(5).prefix(count))
            if let request = try? WatchRequest(serialized: message) { requests.append(request) }
            rest = rest.dropFirst(5 + count)
        }
        return requests
    }
}
