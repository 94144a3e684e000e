// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

/// Streams that are ended for their owners to open them again elsewhere.
@Suite(.timeLimit(.minutes(5)))
struct MovingStreamsTests {
    private func pools(
        _ server: ScriptedServer
    ) throws -> (own: ConnectionPool, members: MemberConnections, endpoint: Endpoint) {
        let endpoint = try Endpoint(parsing: "127.0.0.1:\(server.port)", tlsByDefault: false)
        let configuration = ConnectionConfiguration(logger: LogCapture().logger)
        return (
            ConnectionPool(endpoints: [endpoint], configuration: configuration, loop: .shared),
            MemberConnections(configuration: configuration, loop: .shared), endpoint
        )
    }

    /// Opens a stream that can be moved and one that cannot, has streams moved, and looks at them.
    private func expectMove(
        on connection: Connection,
        _ server: ScriptedServer,
        staysInUse: Bool = true,
        by move: () -> Void
    ) async throws {
        let (events, sink) = AsyncStream.makeStream(of: GRPCStreamEvent.self)
        let movable = connection.openStream(method, metadata: .none, isMovable: true) {
            sink.yield($0)
        }
        var staying = connection.open()
        let first = try await server.nextRequest().stream
        let second = try await server.nextRequest().stream
        move()
        var iterator = events.makeAsyncIterator()
        guard case .closed(let failure?)? = await iterator.next(isolation: nil),
            case .moved = failure.reason
        else {
            Issue.record("the stream was not moved")
            return
        }
        try await server.next(.reset(stream: min(first, second), code: 8))
        // The other one goes on, on a connection that does.
        let stream = max(first, second)
        server.perform { $0.session?.sendAnswerHeaders(on: stream) }
        try await staying.expectOpened()
        #expect(connection.isUsable == staysInUse)
        movable.cancel()
        staying.stream.cancel()
    }

    @Test func streamsOnAllConnectionsAreMovedAndOthersStay() async throws {
        let server = try ScriptedServer()
        let (own, members, endpoint) = try pools(server)
        defer {
            own.close()
            members.close()
        }
        let deadline = ContinuousClock.now + .seconds(60)
        let calls = try await own.connection(for: .unary, deadline: deadline)
        try await expectMove(on: calls, server) { own.moveStreams() }
        let lease = members.lease(endpoint)
        let leases = try await lease.pool.connection(for: .leases, deadline: deadline)
        try await expectMove(on: leases, server) { members.moveStreams() }
    }

    @Test func streamsLeaveAnEndpointThatIsNoLongerListed() async throws {
        let server = try ScriptedServer()
        let (own, _, _) = try pools(server)
        defer { own.close() }
        let connection = try await own.connection(
            for: .streams,
            deadline: .now + .seconds(60)
        )
        let other = try Endpoint(parsing: "127.0.0.1:1", tlsByDefault: false)
        try await expectMove(on: connection, server, staysInUse: false) {
            own.replaceEndpoints(with: [other])
        }
    }

    @Test func streamsLeaveAMemberThatIsNoLongerListed() async throws {
        let server = try ScriptedServer()
        let (_, members, endpoint) = try pools(server)
        defer { members.close() }
        let lease = members.lease(endpoint)
        let connection = try await lease.pool.connection(
            for: .leases,
            deadline: .now + .seconds(60)
        )
        try await expectMove(on: connection, server, staysInUse: false) {
            members.release(endpoint)
        }
    }
}
