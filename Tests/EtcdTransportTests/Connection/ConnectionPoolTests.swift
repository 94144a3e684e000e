// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
@testable import EtcdTransport
import Synchronization
import Testing

/// What callers get of a pool while its connections and endpoints change.
@Suite(.timeLimit(.minutes(5)))
struct ConnectionPoolTests {
    private func endpoint(_ server: ScriptedServer) throws -> Endpoint {
        try Endpoint(parsing: "127.0.0.1:\(server.port)", tlsByDefault: false)
    }

    private func configuration(
        greeting: ConnectionGreeting? = nil
    ) -> ConnectionConfiguration {
        var configuration = ConnectionConfiguration(logger: LogCapture().logger)
        configuration.greeting = greeting
        return configuration
    }

    @Test func aConnectionThatIsLeftRefusesCallsUnsent() async throws {
        let server = try ScriptedServer()
        let pool = ConnectionPool(
            endpoints: [try self.endpoint(server)],
            configuration: self.configuration(),
            loop: .shared
        )
        defer { pool.close() }
        let connection = try await pool.connection(
            for: .unary,
            deadline: .now + .seconds(60)
        )
        // Keeps the connection for as long.
        let open = connection.open()
        _ = try await server.nextRequest()
        pool.releaseAll()
        #expect(!connection.isUsable)
        // For a caller that had got it before.
        do throws(CallFailure) {
            _ = try await connection.call([1], deadline: .now + .seconds(5))
            Issue.record("sent on a connection that was left")
        } catch {
            #expect(error.connectionFailure == .left)
            #expect(error.isProvenUnprocessed)
        }
        open.stream.cancel()
    }

    @Test func whoWaitsGetsNoConnectionToAnEndpointThatIsOutOfTheList() async throws {
        let old = try ScriptedServer()
        let new = try ScriptedServer()
        let held = Mutex<(@Sendable (ConnectionFailure?) -> Void)?>(nil)
        let oldEndpoint = try self.endpoint(old)
        let newEndpoint = try self.endpoint(new)
        let pool = ConnectionPool(
            endpoints: [oldEndpoint],
            configuration: self.configuration { connection, _, _, outcome in
                guard connection.endpoint == oldEndpoint else { return outcome(nil) }
                held.withLock { $0 = outcome }
            },
            loop: .shared
        )
        defer { pool.close() }
        async let connection = pool.connection(for: .unary, deadline: .now + .seconds(60))
        while held.withLock({ $0 == nil }) { try await Task.sleep(for: .milliseconds(5)) }
        pool.replaceEndpoints(with: [newEndpoint])
        let outcome = try #require(held.withLock { $0.take() })
        EventLoop.shared.execute { outcome(nil) }
        let found = try await connection.endpoint
        #expect(found == newEndpoint)
    }

    @Test func aServerThatTakesItsLeaveAtOnceIsNotDialedWithoutPause() async throws {
        let server = try ScriptedServer { event, link in
            if case .connected = event { link.session?.goAway(lastStream: 0) }
        }
        let pool = ConnectionPool(
            endpoints: [try self.endpoint(server)],
            configuration: self.configuration(),
            loop: .shared
        )
        defer { pool.close() }
        await #expect(throws: PoolFailure.self) {
            _ = try await pool.connection(for: .unary, deadline: .now + .seconds(1))
        }
        let dials = server.pendingEvents.count { $0 == .connected }
        #expect(dials > 0 && dials < 30)
    }

    @Test func anEndpointHasOneProbeAtATime() throws {
        let server = try ScriptedServer()
        let first = try server.makeConnection()
        let second = try server.makeConnection()
        var state = ConnectionPoolState(
            picker: EndpointPicker([first.endpoint], startingAt: 0)
        )
        let additions = (state.addProbe(first), state.addProbe(second))
        #expect(additions == (true, false))
        // Whoever hears of the endpoint meanwhile starts no other.
        state.picker.failed(first.endpoint, with: .refused, at: .now)
        let isDue = state.nextProbe != nil
        #expect(!isDue)
        let removals = (
            state.removeProbe(second), state.removeProbe(first), state.removeProbe(first)
        )
        #expect(removals == (false, true, false))
        let isDueThen = state.nextProbe != nil
        #expect(isDueThen)
    }

    @Test func aLateAnswerMakesThePoolPatient() async throws {
        let server = try ScriptedServer()
        let patience = AnswerPatience.Shared(longest: .seconds(4))
        let connection = try await server.connect {
            $0.answerPatience = patience
            $0.probe = ServiceProbe(
                statement: nil,
                proof: .init(method, framed: [0, 0, 0, 0, 0], metadata: { .none }) { _ in nil }
            )
        }
        defer { connection.close() }
        let isSuspect = Atomic(false)
        await connection.listen { health in
            if case .suspect = health { isSuspect.store(true, ordering: .relaxed) }
        }
        async let answer = connection.call([1])
        let call = try await server.nextRequest().stream
        let question = try await server.nextRequest().stream
        while !isSuspect.load(ordering: .relaxed) { try await Task.sleep(for: .milliseconds(5)) }
        #expect(patience.current(now: .now) == .zero)
        server.perform { $0.session?.answer(question, with: []) }
        while patience.current(now: .now) == .zero {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(patience.current(now: .now) >= .seconds(1))
        server.perform { $0.session?.answer(call, with: [9]) }
        let bytes = try await answer
        #expect(bytes == [9])
    }
}

extension Connection {
    fileprivate func listen(_ handler: @escaping @Sendable (Health) -> Void) {
        self.onHealth = handler
    }
}
