// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import Synchronization

/// A client's credentials and token, shared by all calls.
///
/// Thread-safe. The ``TokenStateMachine`` decides; this type does it.
final class TokenKeeper: Sendable {
    typealias TokenWaiter = Waiter<Result<CallMetadata, EtcdError>>

    /// Asks for a token; nil means that none is needed.
    typealias Fetch = @Sendable (EtcdClient.Credentials) async throws -> String?

    private struct State: ~Copyable {
        var machine: TokenStateMachine
        var credentials: EtcdClient.Credentials?
        var current: CallMetadata?
        var waiters: [TokenStateMachine.WaiterID: TokenWaiter] = [:]
        var lastID = 0
        var lastError: EtcdError?
        var epoch = 0
    }

    private let state: Mutex<State>

    init(_ credentials: EtcdClient.Credentials?) {
        let canFetch = credentials?.canBeExchanged ?? false
        self.state = Mutex(
            State(
                machine: TokenStateMachine(canFetch: canFetch),
                credentials: credentials,
                current: canFetch
                    ? nil : CallMetadata(token: credentials?.givenToken, generation: 0)
            )
        )
    }

    /// What tokens are got with.
    var credentials: EtcdClient.Credentials? {
        self.state.withLock { $0.credentials }
    }

    /// The headers to use, or nil when a token must be got first.
    var current: CallMetadata? {
        self.state.withLock { $0.current }
    }

    /// Whether there is a token, for diagnostics.
    var diagnosticState: EtcdDiagnostics.TokenState {
        self.state.withLock { $0.machine.diagnosticState }
    }

    /// The number of the newest token.
    var generation: UInt64 {
        self.state.withLock { $0.machine.generation }
    }

    /// How often the credentials were replaced.
    var epoch: Int {
        self.state.withLock { $0.epoch }
    }

    /// Whether a token that was refused can be replaced by another one.
    var canRenew: Bool {
        self.state.withLock { $0.machine.canFetch }
    }

    /// Whether the same call may succeed although the server refused the user of this one.
    ///
    /// - Parameter error: what the server said.
    /// - Returns: true when another token can be had, or the same one will do.
    func canMend(_ error: EtcdError) -> Bool {
        self.state.withLock { state in
            state.machine.canFetch
                || !error.wantsUser && state.current?.isBoundToRevision == false
        }
    }

    /// The headers to use, after getting a token if there is none.
    ///
    /// - Parameters:
    ///   - deadline: when to give up waiting.
    ///   - loop: where to watch the deadline.
    ///   - fetch: gets a token. It runs once for all who wait.
    /// - Returns: the headers.
    /// - Throws: what `fetch` throws, ``EtcdError`` when the deadline has passed, or
    ///   `CancellationError`.
    func metadata(
        until deadline: ContinuousClock.Instant,
        on loop: EventLoop,
        fetch: @escaping Fetch
    ) async throws -> CallMetadata {
        while true {
            let waiter = TokenWaiter()
            let (id, action, current, error) = self.state.withLock { state in
                state.lastID += 1
                let action = state.machine.request(state.lastID, now: .now)
                switch action {
                case .fetch, .wait: state.waiters[state.lastID] = waiter
                case .use, .refuse: break
                }
                return (state.lastID, action, state.current, state.lastError)
            }
            switch action {
            case .use:
                if let current { return current }
            case .refuse:
                throw error ?? .closed
            case .fetch(let fetchID, let pause):
                self.start(fetchID, after: pause, fetch)
            case .wait:
                break
            }
            switch await waiter.wait(until: deadline, on: loop) {
            case .value(.success(let metadata)):
                return metadata
            case .value(.failure(let error)):
                // What ended is not this call: it may have time left.
                let mayHelp = error.isRetryable && !error.isRefusalOfCredentials
                guard mayHelp, ContinuousClock.now < deadline else { throw error }
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
    }

    /// The server refused a call with this token.
    ///
    /// - Parameters:
    ///   - generation: the number of the token.
    ///   - isOutdated: whether it was refused only because users or roles have changed since. That
    ///     a token of etcd's simple kind outlives.
    func reject(generation: UInt64, isOutdated: Bool = false) {
        self.state.withLock { state in
            if isOutdated, state.current?.isBoundToRevision == false { return }
            switch state.machine.rejected(generation, now: .now) {
            case .forget: state.current = nil
            case .ignore: break
            }
        }
    }

    /// Takes other credentials; the token is dropped, and calls that wait for one get theirs by the
    /// new ones.
    func replaceCredentials(_ credentials: EtcdClient.Credentials?, fetch: @escaping Fetch) {
        var fetchID: TokenStateMachine.FetchID?
        let served: ([TokenWaiter], CallMetadata)? = self.state.withLock { state in
            state.credentials = credentials
            state.epoch += 1
            state.lastError = nil
            switch state.machine.replaced(canFetch: credentials?.canBeExchanged ?? false) {
            case .fetch(let id):
                state.current = nil
                fetchID = id
                return nil
            case .none:
                state.current = nil
                return nil
            case .settle(let ids, let generation):
                let metadata = CallMetadata(
                    token: credentials?.givenToken,
                    generation: generation
                )
                state.current = metadata
                return (ids.compactMap { state.waiters.removeValue(forKey: $0) }, metadata)
            }
        }
        if let fetchID { self.start(fetchID, after: .zero, fetch) }
        guard let (waiters, metadata) = served else { return }
        for waiter in waiters { waiter.resolve(.success(metadata)) }
    }
}

extension TokenKeeper {
    private func start(
        _ id: TokenStateMachine.FetchID,
        after pause: Duration,
        _ fetch: @escaping Fetch
    ) {
        guard let credentials = self.state.withLock({ $0.credentials }) else { return }
        // Shared by all who wait, so it belongs to no caller's task; it ends by its own request
        // timeout.
        Task {
            if pause > .zero { try? await Task.sleep(for: Backoff.jittered(upTo: pause)) }
            do {
                self.obtained(id, try await fetch(credentials))
            } catch {
                self.failed(id, error as? EtcdError ?? .closed)
            }
        }
    }

    private func obtained(_ id: TokenStateMachine.FetchID, _ token: String?) {
        let served: ([TokenWaiter], CallMetadata)? = self.state.withLock { state in
            switch state.machine.obtained(id, now: .now) {
            case .serve(let ids, let generation):
                let metadata = CallMetadata(token: token, generation: generation)
                state.current = metadata
                return (ids.compactMap { state.waiters.removeValue(forKey: $0) }, metadata)
            case .ignore:
                return nil
            }
        }
        guard let (waiters, metadata) = served else { return }
        for waiter in waiters { waiter.resolve(.success(metadata)) }
    }

    private func failed(_ id: TokenStateMachine.FetchID, _ error: EtcdError) {
        let waiters = self.state.withLock { state -> [TokenWaiter] in
            let action = state.machine.failed(
                id,
                isFinal: error.isRefusalOfCredentials,
                now: .now,
                jitter: .random(in: 0...1)
            )
            switch action {
            case .fail(let ids):
                state.lastError = error
                return ids.compactMap { state.waiters.removeValue(forKey: $0) }
            case .ignore:
                return []
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

extension EtcdError {
    /// Whether whoever gives tokens has refused to, rather than not been reached.
    fileprivate var isRefusalOfCredentials: Bool {
        self.code == .authenticationFailed || self.code == .unsupported
    }
}
