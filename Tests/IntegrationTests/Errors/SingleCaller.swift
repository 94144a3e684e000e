// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import EtcdTransport
import EtcdWire
import Synchronization
import Testing

/// Makes calls once, without retries, and tells how the server ended them.
struct SingleCaller: Sendable {
    let core: ClientCore
    /// Goes with the calls.
    var token: String?

    static let kv = "etcdserverpb.KV"
    static let lease = "etcdserverpb.Lease"
    static let cluster = "etcdserverpb.Cluster"
    static let maintenance = "etcdserverpb.Maintenance"
    static let auth = "etcdserverpb.Auth"
    static let lock = "v3lockpb.Lock"
    static let election = "v3electionpb.Election"

    func with(token: String) -> SingleCaller {
        SingleCaller(core: self.core, token: token)
    }

    /// The status of a call; OK if it succeeded.
    ///
    /// - Parameters:
    ///   - service: The service.
    ///   - method: The method.
    ///   - request: The request.
    ///   - headers: More headers than the token.
    /// - Returns: The status.
    /// - Throws: `CallFailure` when there was no status.
    func status(
        _ service: String,
        _ method: String,
        _ request: some WireMessage,
        headers: [(name: String, value: String)] = []
    ) async throws -> GRPCStatus {
        do {
            _ = try await self.bytes(service, method, request, headers: headers)
            return GRPCStatus(code: .ok, message: "")
        } catch let failure as CallFailure {
            guard case .status(let status) = failure.reason else { throw failure }
            return status
        }
    }

    /// The answer of a call that succeeds.
    func answer<Response: WireMessage>(
        _ service: String,
        _ method: String,
        _ request: some WireMessage,
        as type: Response.Type = Response.self
    ) async throws -> Response {
        try Response(serialized: await self.bytes(service, method, request))
    }

    /// The call must succeed, or the test fails.
    func succeed(_ service: String, _ method: String, _ request: some WireMessage) async throws {
        let status = try await self.status(service, method, request)
        try #require(status.code == .ok, "\(method): \(status)")
    }

    /// A token for a user.
    func token(_ user: String, _ password: String) async throws -> String {
        try await self.answer(
            Self.auth,
            "Authenticate",
            AuthenticateRequest(name: user, password: password),
            as: AuthenticateResponse.self
        ).token
    }

    /// The revision of the store, which every write moves.
    func storeRevision() async throws -> Int64 {
        try await self.answer(
            Self.maintenance,
            "HashKV",
            HashKVRequest(),
            as: HashKVResponse.self
        ).header?.revision ?? 0
    }

    /// The answer to the first request on a watch stream that ends a watch.
    func reasonForEnd(of requests: [WatchRequest]) async throws -> GRPCStatus {
        let (messages, sink) = AsyncStream<[UInt8]>.makeStream()
        let connection = try await self.connection()
        let stream = connection.openStream(
            GRPCMethod(service: "etcdserverpb.Watch", method: "Watch"),
            metadata: self.metadata([])
        ) { event in
            switch event {
            case .opened: break
            case .message(let bytes): sink.yield(bytes)
            case .closed: sink.finish()
            }
        }
        defer { stream.cancel() }
        for request in requests { stream.send(framed: request.serialized(leadingSpace: 5)) }
        for await message in messages {
            let response = try WatchResponse(serialized: message)
            if response.canceled {
                return GRPCStatus(code: .unknown, message: response.cancelReason)
            }
        }
        Issue.record("the stream ended without a reason")
        return GRPCStatus(code: .ok, message: "")
    }

    private func bytes(
        _ service: String,
        _ method: String,
        _ request: some WireMessage,
        headers: [(name: String, value: String)] = []
    ) async throws -> [UInt8] {
        try await self.connection().unary(
            GRPCMethod(service: service, method: method),
            framed: request.serialized(leadingSpace: 5),
            metadata: self.metadata(headers),
            deadline: .now + .seconds(60)
        )
    }

    private func metadata(_ headers: [(name: String, value: String)]) -> GRPCMetadata {
        GRPCMetadata((self.token.map { [("token", $0)] } ?? []) + headers)
    }

    private func connection() async throws -> Connection {
        try await self.core.connection(for: .unary, until: .now + .seconds(30))
    }
}
