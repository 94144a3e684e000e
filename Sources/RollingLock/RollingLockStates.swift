// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

public import EtcdKit

/// How one acquisition stands.
public enum RollingLockState: Sendable, Hashable {
    /// It stands in the queue.
    ///
    /// `place` is the number of tickets ahead; `ahead` names their units, the holder first.
    case waiting(place: Int, ahead: [String])
    /// It stands in the queue, and it is not another ticket that keeps it waiting.
    case paused(RollingLockPause)
    /// The lock is held, under this fencing token.
    case held(fencingToken: EtcdRevision)
    /// The lock is held, but renewals are overdue: lost at that moment unless one succeeds.
    case suspect(until: ContinuousClock.Instant)
    /// The ticket is gone, while waiting or while held.
    case lost(RollingLockLossReason)
    /// The lock was given up by its holder.
    case released
}

/// The states of one acquisition, from the queue to the end.
///
/// ```swift
/// let states = RollingLockStates()
/// let watching = Task { for await state in states { print(state) } }
/// let hold = try await lock.acquire(reason: "restart", states: states)
/// ```
///
/// It is for one reader. A reader that is slow misses older states, never the last one. The sequence
/// ends after ``RollingLockState/lost(_:)`` or ``RollingLockState/released``, and when the lock was
/// not acquired.
public struct RollingLockStates: AsyncSequence, Sendable {
    private let stream: AsyncStream<RollingLockState>
    private let continuation: AsyncStream<RollingLockState>.Continuation

    /// Makes a sequence, to be handed to one acquisition.
    public init() {
        (self.stream, self.continuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingNewest(64)
        )
    }

    /// Begins to read.
    ///
    /// - Returns: What reads the states.
    public func makeAsyncIterator() -> AsyncStream<RollingLockState>.Iterator {
        self.stream.makeAsyncIterator()
    }

    fileprivate func report(_ progress: RollingLockProgress) {
        switch progress {
        case .waiting(let place, let ahead):
            self.continuation.yield(.waiting(place: place, ahead: ahead))
        case .paused(let pause): self.continuation.yield(.paused(pause))
        case .held(let token): self.continuation.yield(.held(fencingToken: token))
        case .suspect(let deadline): self.continuation.yield(.suspect(until: deadline))
        // Told with the end, which must come last.
        case .lost: break
        }
    }

    fileprivate func end(_ state: RollingLockState?) {
        if let state { self.continuation.yield(state) }
        self.continuation.finish()
    }
}

extension RollingLock {
    /// Waits for the lock and tells all its states, to the end.
    ///
    /// - Parameters:
    ///   - mode: Beside which others to hold the lock.
    ///   - reason: Why the lock is wanted, for the others to see.
    ///   - timeout: How long to wait; `nil` waits without limit.
    ///   - states: Where the states go.
    /// - Returns: The held lock. It must be released.
    /// - Throws: ``RollingLockError``, or `CancellationError` when the task was cancelled.
    public func acquire(
        mode: RollingLockMode = .exclusive,
        reason: String? = nil,
        timeout: Duration? = nil,
        states: RollingLockStates
    ) async throws -> RollingLockHold {
        do {
            let hold = try await self.acquire(mode: mode, reason: reason, timeout: timeout) {
                states.report($0)
            }
            // It ends with the hold.
            Task {
                let reason = try? await hold.waitUntilLost()
                states.end(reason.map { .lost($0) } ?? .released)
            }
            return hold
        } catch {
            states.end((error as? RollingLockError)?.lossReason.map { .lost($0) })
            throw error
        }
    }
}
