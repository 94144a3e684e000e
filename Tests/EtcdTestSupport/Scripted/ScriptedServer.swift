// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// Listens on a port of 127.0.0.1 and does what a test says, frame by frame.
///
/// One thread serves all connections. The test waits for what the client does with
/// ``next(where:)`` and reacts with ``perform(_:)``, or has `reaction` do it at once.
package final class ScriptedServer: Sendable {
    /// What kind of server it is.
    package struct Options: Sendable {
        package enum Behaviour: Sendable {
            case http2(ScriptedSession.Options)
            /// Says this, to whoever connects; then hangs up, if told so.
            case greeting([UInt8], hangsUp: Bool)
            /// Says this to the first bytes of whoever connects; then hangs up, if told so.
            case answer([UInt8], hangsUp: Bool)
        }

        package var behaviour: Behaviour
        package var identity: TestIdentity?
        package var tls: TLSServerPeer.Options
        /// The session's bytes leave in pieces of this size, with a pause after each.
        package var chunk: Int

        package init(
            _ behaviour: Behaviour = .http2(.init()),
            identity: TestIdentity? = nil,
            tls: TLSServerPeer.Options = .init(),
            chunk: Int = .max
        ) {
            self.behaviour = behaviour
            self.identity = identity
            self.tls = tls
            self.chunk = chunk
        }
    }

    package typealias Reaction = @Sendable (ScriptedEvent, ScriptedLink) -> Void

    package let port: UInt16
    private let shared: Shared

    /// What the thread and the tests share.
    final class Shared: Sendable {
        struct State {
            var events: [ScriptedEvent] = []
            var waiters: [Int: Waiter] = [:]
            var nextWaiter = 0
            var commands: [@Sendable (ScriptedLink) -> Void] = []
            var isStopped = false
        }

        struct Waiter {
            let predicate: @Sendable (ScriptedEvent) -> Bool
            let continuation: CheckedContinuation<ScriptedEvent, any Error>
        }

        let state = Mutex(State())
        /// Wakes the thread.
        let wake: (read: Int32, write: Int32)

        init() throws {
            var ends: [Int32] = [0, 0]
            let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
            guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else {
                throw POSIXFailure(call: "socketpair", code: errno)
            }
            wake = (ends[0], ends[1])
        }

        deinit {
            close(wake.read)
            close(wake.write)
        }

        func happened(_ event: ScriptedEvent) {
            let waiter = state.withLock { state -> Waiter? in
                for (id, waiter) in state.waiters.sorted(by: { $0.key < $1.key })
                where waiter.predicate(event) {
                    state.waiters[id] = nil
                    return waiter
                }
                state.events.append(event)
                return nil
            }
            waiter?.continuation.resume(returning: event)
        }

        func wakeUp() {
            var byte: UInt8 = 0
            _ = unsafe write(wake.write, &byte, 1)
        }
    }

    /// Starts listening.
    package init(_ options: Options = Options(), reaction: Reaction? = nil) throws {
        var port = try LoopbackPort.free()
        var listener = try? LoopbackPort.listen(on: port)
        while listener == nil {
            port = try LoopbackPort.free()
            listener = try? LoopbackPort.listen(on: port)
        }
        self.port = port
        let shared = try Shared()
        self.shared = shared
        // The loop ends, and closes the sockets, when this object goes.
        let loop = ScriptedServerLoop(
            listener: listener ?? -1,
            options: options,
            shared: shared,
            reaction: reaction
        )
        Thread.detachNewThread { loop.run() }
    }

    deinit {
        stop()
    }

    /// Hangs up on everybody and stops listening.
    package func stop() {
        shared.state.withLock { $0.isStopped = true }
        shared.wakeUp()
    }

    /// Runs on the server's thread, with the connection that was made last.
    package func perform(_ command: @escaping @Sendable (ScriptedLink) -> Void) {
        shared.state.withLock { $0.commands.append(command) }
        shared.wakeUp()
    }

    /// The first event of this kind that was not asked for yet; waits until there is one.
    @discardableResult
    package func next(
        where predicate: @escaping @Sendable (ScriptedEvent) -> Bool
    ) async throws -> ScriptedEvent {
        let id = shared.state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let found = shared.state.withLock { state -> Result<ScriptedEvent, any Error>? in
                    if Task.isCancelled {
                        return .failure(CancellationError())
                    }
                    if let index = state.events.firstIndex(where: predicate) {
                        return .success(state.events.remove(at: index))
                    }
                    state.waiters[id] = .init(predicate: predicate, continuation: continuation)
                    return nil
                }
                if let found {
                    continuation.resume(with: found)
                }
            }
        } onCancel: {
            let waiter = shared.state.withLock { $0.waiters.removeValue(forKey: id) }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Waits for this very event.
    package func next(_ event: ScriptedEvent) async throws {
        try await next { $0 == event }
    }

    /// The number of the next stream the client opens, and its headers.
    package func nextRequest() async throws -> (stream: Int32, headers: [ScriptedHeader]) {
        let event = try await next {
            if case .request = $0 { true } else { false }
        }
        guard case .request(let stream, let headers) = event else {
            throw TestSupportError("not a request")
        }
        return (stream, headers)
    }

    /// What happened and was not asked for.
    package var pendingEvents: [ScriptedEvent] {
        shared.state.withLock { $0.events }
    }
}
