// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Synchronization

/// Keeps one live lease for all tickets of a lock.
///
/// The first ticket opens it, later ones find it warm. A lease that was lost or is about to be is
/// replaced for the next ticket; the tickets on it are told by whoever follows its states.
final class LeaseSessionKeeper: Sendable {
    typealias Opening = OneShot<Result<EtcdLeaseSession, any Error>>

    private enum State {
        case none
        case opening(Opening)
        case open(EtcdLeaseSession)
        case closed
    }

    private let client: EtcdClient
    private let ttl: Duration
    private let state = Mutex(State.none)

    init(client: EtcdClient, ttl: Duration) {
        self.client = client
        self.ttl = ttl
    }

    private enum Step {
        case use(EtcdLeaseSession)
        case wait(Opening, isFirst: Bool)
        case fail
    }

    /// The session, opened if need be.
    ///
    /// A cancelled task stops waiting at once.
    ///
    /// - Parameter onOpen: Called once for a new session.
    /// - Returns: A session that is not lost so far.
    /// - Throws: Why none could be opened, or `CancellationError`.
    func session(
        onOpen: @escaping @Sendable (EtcdLeaseSession) -> Void
    ) async throws -> EtcdLeaseSession {
        let step = self.state.withLock { state -> Step in
            switch state {
            case .open(let session) where session.isUsable:
                return .use(session)
            case .opening(let opening):
                return .wait(opening, isFirst: false)
            case .none, .open:
                let opening = Opening()
                state = .opening(opening)
                return .wait(opening, isFirst: true)
            case .closed:
                return .fail
            }
        }
        switch step {
        case .use(let session):
            return session
        case .wait(let opening, let isFirst):
            // Several tickets may wait for it, so it must not end with the task of one of them.
            if isFirst { Task { await self.open(opening, onOpen) } }
            return try await opening.value().get()
        case .fail:
            throw RollingLockError(code: .closed, message: "the lock was shut down")
        }
    }

    /// The server does not know the lease of this session: the next ticket needs another one.
    func discard(_ session: EtcdLeaseSession) {
        let isCurrent = self.state.withLock { state in
            guard case .open(let current) = state, current === session else { return false }
            state = .none
            return true
        }
        if isCurrent { session.abandon() }
    }

    /// Takes the session out, to be closed: a later ticket opens another one.
    func takeSession() -> EtcdLeaseSession? {
        self.state.withLock { state in
            guard case .open(let session) = state else { return nil }
            state = .none
            return session
        }
    }

    /// Revokes the lease; no ticket gets one any more.
    func close() async {
        let session = self.state.withLock { state -> EtcdLeaseSession? in
            defer { state = .closed }
            guard case .open(let session) = state else { return nil }
            return session
        }
        await session?.closeUnlessLost()
    }

    private func open(
        _ opening: Opening,
        _ onOpen: @Sendable (EtcdLeaseSession) -> Void
    ) async {
        let result: Result<EtcdLeaseSession, any Error>
        do {
            result = .success(
                try await self.client.openLeaseSession(
                    ttl: self.ttl,
                    renewalStream: .separate
                )
            )
        } catch {
            result = .failure(error)
        }
        let isWanted = self.state.withLock { state in
            guard case .opening(let current) = state, current === opening else { return false }
            state = (try? result.get()).map(State.open) ?? .none
            return true
        }
        let session = try? result.get()
        if isWanted, let session { onOpen(session) }
        opening.fulfil(
            isWanted
                ? result
                : .failure(RollingLockError(code: .closed, message: "the lock was shut down"))
        )
        // Closed meanwhile.
        if !isWanted { await session?.close() }
    }
}

extension EtcdLeaseSession {
    fileprivate var isUsable: Bool {
        switch self.state {
        case .live, .suspect: true
        case .lost: false
        }
    }
}

extension EtcdLeaseSession {
    /// Revokes the lease, unless it was lost by the clock.
    ///
    /// Whoever worked under it then has the margin to stop. The server may still know the lease, and
    /// the key of a ticket that goes earlier lets the next one begin.
    func closeUnlessLost() async {
        if case .lost = self.state {
            self.abandon()
        } else {
            await self.close()
        }
    }
}
