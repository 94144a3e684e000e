// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import Synchronization

/// Keeps the token of a client, gets it when it is first needed and again when it was rejected.
final class TokenKeeper: Sendable {
    typealias TokenWaiter = Waiter<Result<CallMetadata, EtcdError>>

    private struct State: ~Copyable {
        var machine: TokenStateMachine
        var current: CallMetadata?
        var generation: UInt64 = 0
        var waiters: [TokenStateMachine.WaiterID: TokenWaiter] = [:]
        var lastID = 0
    }

    private let state: Mutex<State>

    init(hasCredentials: Bool) {
        self.state = Mutex(
            State(
                machine: TokenStateMachine(hasCredentials: hasCredentials),
                current: hasCredentials ? nil : CallMetadata(token: nil, generation: 0)
            )
        )
    }

    /// The headers to use, or nil when a token must be got first.
    var current: CallMetadata? {
        self.state.withLock { $0.current }
    }

    /// The number of the newest token.
    var generation: UInt64 {
        self.state.withLock { $0.generation }
    }

    /// The headers to use, after getting a token if there is none.
    ///
    /// - Parameters:
    ///   - deadline: when to give up waiting.
    ///   - loop: where to watch the deadline.
    ///   - fetch: asks the server for a token; nil means that none is needed. It runs once for all
    ///     who wait.
    /// - Returns: the headers.
    /// - Throws: what `fetch` throws, ``EtcdError`` when the deadline has passed, or
    ///   `CancellationError`.
    func metadata(
        until deadline: ContinuousClock.Instant,
        on loop: EventLoop,
        fetch: @escaping @Sendable () async throws -> String?
    ) async throws -> CallMetadata {
        let waiter = TokenWaiter()
        let (id, action, current) = self.state.withLock { state in
            state.lastID += 1
            let action = state.machine.request(state.lastID)
            if action != .use { state.waiters[state.lastID] = waiter }
            return (state.lastID, action, state.current)
        }
        switch action {
        case .use:
            if let current { return current }
        case .fetch:
            // Shared by all who wait, so it belongs to no caller's task; it ends by its own
            // request timeout.
            Task {
                do {
                    self.obtained(try await fetch())
                } catch {
                    self.failed(error as? EtcdError ?? .closed)
                }
            }
        case .wait:
            break
        }
        switch await waiter.wait(until: deadline, on: loop) {
        case .value(let result):
            return try result.get()
        case .deadlinePassed:
            self.waiterLeft(id)
            throw EtcdError(
                code: .deadlineExceeded,
                message: "got no token within the request timeout"
            )
        case .cancelled:
            self.waiterLeft(id)
            throw CancellationError()
        }
    }

    /// The server refused a call with this token.
    func reject(generation: UInt64) {
        self.state.withLock { state in
            switch state.machine.rejected(generation) {
            case .forget: state.current = nil
            case .ignore: break
            }
        }
    }

    private func obtained(_ token: String?) {
        let served: ([TokenWaiter], CallMetadata)? = self.state.withLock { state in
            switch state.machine.obtained() {
            case .serve(let ids, let generation):
                let metadata = CallMetadata(token: token, generation: generation)
                state.current = metadata
                state.generation = generation
                return (ids.compactMap { state.waiters.removeValue(forKey: $0) }, metadata)
            case .ignore:
                return nil
            }
        }
        guard let (waiters, metadata) = served else { return }
        for waiter in waiters { waiter.resolve(.success(metadata)) }
    }

    private func failed(_ error: EtcdError) {
        let waiters = self.state.withLock { state in
            switch state.machine.failed() {
            case .fail(let ids): ids.compactMap { state.waiters.removeValue(forKey: $0) }
            }
        }
        for waiter in waiters { waiter.resolve(.failure(error)) }
    }

    private func waiterLeft(_ id: TokenStateMachine.WaiterID) {
        self.state.withLock { state in
            state.machine.waiterLeft(id)
            state.waiters[id] = nil
        }
    }
}
