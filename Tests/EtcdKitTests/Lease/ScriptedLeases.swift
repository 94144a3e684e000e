// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdWire
import Synchronization

@testable import EtcdKit

/// A server that grants leases, and renews them stream by stream in order, as etcd does: one renewal
/// that it leaves unanswered holds up everything behind it on its stream.
final class ScriptedLeases: Sendable {
    /// `@unchecked Sendable`: handed back to the server's thread, which it belongs to.
    fileprivate struct Held: @unchecked Sendable {
        let link: ScriptedLink
    }

    let server: ScriptedServer
    private let record = ScriptedLeasesRecord()

    /// Starts listening; every lease has this time to live, in seconds.
    init(ttl: Int64) throws {
        let record = self.record
        let server = try ScriptedServer { event, link in
            switch event {
            case .request(let stream, let headers):
                let path = headers.first { $0.name == ":path" }?.value
                record.began(path ?? "", stream, link)
            case .data(let stream, let bytes):
                guard let path = record.path(of: stream, link) else { return }
                let held = Held(link: link)
                for message in bytes.messages {
                    // Once it is known whether more may follow on the stream, or it is a call.
                    record.server?.perform { _ in
                        guard
                            let answer = record.answer(to: message, path, ttl, stream, held.link)
                        else { return }
                        record.send(answer, stream, held.link)
                    }
                }
            case .endOfStream(let stream):
                record.ended(stream, link)
            default:
                break
            }
        }
        self.server = server
        record.state.withLock { $0.server = server }
    }

    /// Answers each renewal after this time from now on.
    func delay(by time: Duration) {
        self.record.state.withLock { $0.delay = time }
    }

    /// Says in the answers on streams from now on that they come from this cluster, and that it does
    /// not know the lease.
    func disclaim(as cluster: UInt64) {
        self.record.state.withLock { $0.disclaimer = cluster }
    }

    /// How many renewals of a lease came on streams.
    func renewals(of id: EtcdLeaseID) -> Int {
        self.record.state.withLock { $0.renewals[id, default: 0] }
    }

    /// How many streams a lease was renewed on.
    func streams(of id: EtcdLeaseID) -> Int {
        self.record.state.withLock { $0.streams[id, default: []].count }
    }

    /// Leaves the renewals of a lease unanswered that come on a stream.
    func hang(_ id: EtcdLeaseID) {
        self.record.state.withLock { _ = $0.hung.insert(id) }
    }

    /// How often a lease was renewed by a call of its own.
    func calls(for id: EtcdLeaseID) -> Int {
        self.record.state.withLock { $0.calls[id, default: 0] }
    }

    /// Whether renewals of both leases have come on one stream.
    func haveShared(_ one: EtcdLeaseID, _ other: EtcdLeaseID) -> Bool {
        self.record.state.withLock { state in
            !state.streams[one, default: []].isDisjoint(with: state.streams[other, default: []])
        }
    }

    /// Leaves the renewals unanswered that come as calls.
    func hangCalls() {
        self.record.state.withLock { $0.hangsCalls = true }
    }

    /// Runs a closure with a client of this server.
    func withClient<Result>(_ body: (EtcdClient) async throws -> Result) async throws -> Result {
        let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(self.server.port)"])
        return try await withEtcdClient(configuration: configuration, body)
    }
}

/// What has come so far, for the test and for the server's thread.
private final class ScriptedLeasesRecord: Sendable {
    typealias Held = ScriptedLeases.Held

    struct Stream: Hashable {
        let link: ObjectIdentifier
        let number: Int32
    }

    struct State {
        weak var server: ScriptedServer?
        var delay: Duration = .zero
        var disclaimer: UInt64?
        var renewals: [EtcdLeaseID: Int] = [:]
        var paths: [Stream: String] = [:]
        /// The streams that are calls: no second message follows.
        var ended: Set<Stream> = []
        var opened: Set<Stream> = []
        var blocked: Set<Stream> = []
        var hung: Set<EtcdLeaseID> = []
        var calls: [EtcdLeaseID: Int] = [:]
        var hangsCalls = false
        /// The streams that a lease was renewed on.
        var streams: [EtcdLeaseID: Set<Stream>] = [:]
    }

    enum Answer {
        case call([UInt8])
        case stream([UInt8])
    }

    let state = Mutex(State())

    var server: ScriptedServer? { self.state.withLock { $0.server } }

    func began(_ path: String, _ stream: Int32, _ link: ScriptedLink) {
        let stream = Stream(link: ObjectIdentifier(link), number: stream)
        self.state.withLock { state in
            state.paths[stream] = path
            // A link of the past may have had the same identity.
            state.ended.remove(stream)
            state.opened.remove(stream)
        }
    }

    func ended(_ stream: Int32, _ link: ScriptedLink) {
        let stream = Stream(link: ObjectIdentifier(link), number: stream)
        self.state.withLock { _ = $0.ended.insert(stream) }
    }

    func send(_ answer: Answer, _ stream: Int32, _ link: ScriptedLink) {
        let (server, delay) = self.state.withLock { ($0.server, $0.delay) }
        if case .stream = answer { self.openStream(stream, link) }
        guard delay > .zero, let server else { return Self.send(answer, stream, link) }
        let held = Held(link: link)
        // Ends by itself after the delay.
        Task {
            try? await Task.sleep(for: delay)
            server.perform { _ in Self.send(answer, stream, held.link) }
        }
    }

    private func openStream(_ stream: Int32, _ link: ScriptedLink) {
        let id = Stream(link: ObjectIdentifier(link), number: stream)
        let isNew = self.state.withLock { $0.opened.insert(id).inserted }
        if isNew { link.session?.sendAnswerHeaders(on: stream) }
    }

    private static func send(_ answer: Answer, _ stream: Int32, _ link: ScriptedLink) {
        switch answer {
        case .call(let bytes): link.session?.answer(stream, with: bytes)
        case .stream(let bytes): link.session?.sendMessage(bytes, on: stream)
        }
    }

    func path(of stream: Int32, _ link: ScriptedLink) -> String? {
        let stream = Stream(link: ObjectIdentifier(link), number: stream)
        return self.state.withLock { $0.paths[stream] }
    }

    func answer(
        to message: [UInt8],
        _ path: String,
        _ ttl: Int64,
        _ number: Int32,
        _ link: ScriptedLink
    ) -> Answer? {
        switch path {
        case "/etcdserverpb.Lease/LeaseGrant":
            guard let request = try? LeaseGrantRequest(serialized: message) else { return nil }
            return .call(LeaseGrantResponse(id: request.id, ttl: ttl).serialized())
        case "/etcdserverpb.Lease/LeaseRevoke":
            return .call(LeaseRevokeResponse().serialized())
        case "/etcdserverpb.Maintenance/Status":
            return .call(StatusResponse().serialized())
        case "/etcdserverpb.KV/Range":
            // Asked on any connection whose answers are late.
            return .call(RangeResponse().serialized())
        case "/etcdserverpb.Lease/LeaseKeepAlive":
            guard let request = try? LeaseKeepAliveRequest(serialized: message) else { return nil }
            let response = LeaseKeepAliveResponse(id: request.id, ttl: ttl).serialized()
            let id = EtcdLeaseID(request.id)
            let stream = Stream(link: ObjectIdentifier(link), number: number)
            return self.state.withLock { state in
                if state.ended.contains(stream) {
                    state.calls[id, default: 0] += 1
                    return state.hangsCalls ? nil : .call(response)
                }
                state.streams[id, default: []].insert(stream)
                state.renewals[id, default: 0] += 1
                if let cluster = state.disclaimer {
                    let header = ResponseHeader(clusterID: cluster)
                    return .stream(
                        LeaseKeepAliveResponse(header: header, id: id.rawValue).serialized()
                    )
                }
                if state.hung.contains(id) { state.blocked.insert(stream) }
                return state.blocked.contains(stream) ? nil : .stream(response)
            }
        default:
            return nil
        }
    }
}

extension [UInt8] {
    /// The messages in a piece of data; this client never sends a part of one.
    fileprivate var messages: [[UInt8]] {
        var messages: [[UInt8]] = []
        var rest = self[...]
        while rest.count >= 5 {
            let count = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
            messages.append(Array(rest.dropFirst(5).prefix(count)))
            rest = rest.dropFirst(5 + count)
        }
        return messages
    }
}
