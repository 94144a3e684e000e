// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import Logging
import Synchronization

/// Looks after a client's list of endpoints in the background: looks records up anew when they are
/// out of date, and asks the members for theirs.
///
/// Made only for clients that want one of the two, when they first connect.
final class EndpointUpkeep: ClientPart {
    private typealias LookUpWaiter = Waiter<Result<Void, EtcdError>>

    private struct State {
        var isStarted = false
        var isEnded = false
        var isLookingUp = false
        var lookedUpAt: ContinuousClock.Instant?
        var waiters: [LookUpWaiter] = []
        var timer: EventLoopTimer?
        var syncing: Task<Void, Never>?
        /// What was logged last; nil when all was well.
        var problem: (ofLookUp: String?, ofSync: String?) = (nil, nil)
    }

    /// The most that records are kept for, whatever their time to live is.
    private static let longestLife: Duration = .seconds(3600)
    /// The pause after a look-up that failed.
    private static let pause: Duration = .seconds(30)

    private let core: ClientCore
    private let state = Mutex(State())

    init(core: ClientCore) {
        self.core = core
    }

    /// Sees to it that there are endpoints to connect to.
    ///
    /// - Throws: ``EtcdError`` when they cannot be found, or `CancellationError`.
    func begin(until deadline: ContinuousClock.Instant) async throws {
        guard !self.core.isShutDown else { throw EtcdError.closed }
        self.start()
        guard self.core.pool.endpointCount == 0 else { return }
        let waiter = LookUpWaiter()
        let isEnded = self.state.withLock { state in
            if !state.isEnded { state.waiters.append(waiter) }
            return state.isEnded
        }
        guard !isEnded else { throw EtcdError.closed }
        self.lookUp()
        switch await waiter.wait(until: deadline, on: self.core.loop) {
        case .value(let outcome):
            try outcome.get()
        case .deadlinePassed:
            throw self.failure("no name server has answered yet")
        case .cancelled:
            throw CancellationError()
        }
    }

    /// No endpoint could be reached: perhaps the records have changed.
    func doubt() {
        let isOld = self.state.withLock { state in
            state.lookedUpAt.map {
                $0.duration(to: .now) > self.core.configuration.resolver.shortestLife
            } ?? true
        }
        if isOld { self.lookUp() }
    }

    func shutdown() async {
        self.abandon()
    }

    func abandon() {
        let (timer, syncing, waiters) = self.state.withLock { state in
            state.isEnded = true
            defer {
                state.timer = nil
                state.syncing = nil
                state.waiters = []
            }
            return (state.timer, state.syncing, state.waiters)
        }
        timer?.cancel()
        syncing?.cancel()
        for waiter in waiters { waiter.resolve(.failure(.closed)) }
    }

    private func start() {
        let isFirst = self.state.withLock { state in
            guard !state.isStarted, !state.isEnded else { return false }
            state.isStarted = true
            if let interval = self.core.configuration.endpointSyncInterval {
                // Unstructured: it lives as long as the client. Ends with `abandon()`.
                state.syncing = Task { await self.sync(every: interval.clamped) }
            }
            return true
        }
        if isFirst { self.lookUp() }
    }
}

// MARK: - Records

extension EndpointUpkeep {
    private func lookUp() {
        guard let discovery = self.core.configuration.discovery else { return }
        let mayBegin = self.state.withLock { state in
            guard !state.isEnded, !state.isLookingUp else { return false }
            state.isLookingUp = true
            return true
        }
        guard mayBegin else { return }
        let configuration = self.core.configuration
        configuration.resolver.lookUpServices(
            discovery.name(usesTLS: configuration.tls != nil)
        ) { [weak self] result in
            self?.lookedUp(result, discovery)
        }
    }

    private func lookedUp(
        _ result: Result<[ServiceRecord], NameResolutionError>,
        _ discovery: EtcdClient.Configuration.Discovery
    ) {
        guard !self.state.withLock({ $0.isEnded }) else { return }
        let outcome = self.take(result, discovery)
        let (waiters, news) = self.state.withLock { state in
            state.isLookingUp = false
            state.lookedUpAt = .now
            let problem = outcome.problem?.message
            let isNews = state.problem.ofLookUp != problem
            state.problem.ofLookUp = problem
            defer { state.waiters = [] }
            if !state.isEnded {
                state.timer?.cancel()
                state.timer = self.core.loop.schedule(after: outcome.pause) { [weak self] in
                    self?.lookUp()
                }
            }
            return (state.waiters, isNews ? problem : nil)
        }
        if let news {
            self.core.logger.warning(
                "endpoints were not found; those known stay in use",
                metadata: ["reason": "\(news)"]
            )
        }
        for waiter in waiters {
            waiter.resolve(outcome.problem.map { .failure($0) } ?? .success(()))
        }
    }

    /// Uses what was found; returns what is wrong with it, and when to look again.
    private func take(
        _ result: Result<[ServiceRecord], NameResolutionError>,
        _ discovery: EtcdClient.Configuration.Discovery
    ) -> (problem: EtcdError?, pause: Duration) {
        switch result {
        case .failure(let error):
            return (self.failure(error.reason), Self.pause)
        case .success(let records):
            var random = SystemRandomNumberGenerator()
            let tls = self.core.configuration.tls
            var endpoints: [Endpoint] = []
            for record in records.ordered(using: &random) {
                guard let endpoint = discovery.endpoint(of: record, tls: tls),
                    !endpoints.contains(endpoint)
                else { continue }
                endpoints.append(endpoint)
            }
            guard !endpoints.isEmpty else {
                let reason =
                    "all targets lie outside the domain; set the authorities to trust, or the "
                    + "name that the certificates have"
                return (self.failure(reason), Self.pause)
            }
            self.core.changeEndpoints { $0.discovered = endpoints }
            let life = records.map(\.timeToLive).min() ?? Self.pause
            return (
                nil, min(max(life, self.core.configuration.resolver.shortestLife), Self.longestLife)
            )
        }
    }

    private func failure(_ reason: String) -> EtcdError {
        let usesTLS = self.core.configuration.tls != nil
        let name = self.core.configuration.discovery?.name(usesTLS: usesTLS) ?? ""
        return EtcdError(
            code: .nameResolutionFailed,
            message: "the SRV records of \(name) cannot be used: \(reason)"
        )
    }
}

// MARK: - Members

extension EndpointUpkeep {
    private func sync(every interval: Duration) async {
        while !Task.isCancelled {
            let pause = interval * Double.random(in: 0.8...1.2)
            try? await Task.sleep(for: pause, clock: .continuous)
            guard !Task.isCancelled else { return }
            var problem: EtcdError?
            do {
                let timeout = self.core.configuration.requestTimeout
                let sync = try await self.core.syncEndpoints(timeout: timeout)
                if !sync.added.isEmpty || !sync.removed.isEmpty {
                    self.core.logger.info(
                        "the endpoints have changed",
                        metadata: [
                            "added": "\(sync.added.joined(separator: " "))",
                            "removed": "\(sync.removed.joined(separator: " "))",
                        ]
                    )
                }
            } catch {
                guard !Task.isCancelled else { return }
                problem = error as? EtcdError
            }
            self.note(problem)
        }
    }

    private func note(_ problem: EtcdError?) {
        let code = problem?.code.description
        let isNews = self.state.withLock { state in
            defer { state.problem.ofSync = code }
            return state.problem.ofSync != code
        }
        guard isNews, let problem else { return }
        self.core.logger.warning(
            "the members were not asked for their endpoints; those known stay in use",
            metadata: ["error": "\(problem)"]
        )
    }
}
