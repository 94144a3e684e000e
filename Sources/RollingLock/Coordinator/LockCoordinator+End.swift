// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Synchronization

extension LockCoordinator {
    /// Lets go of lease and watch once nothing has needed them for a while.
    func runJanitor() async {
        while true {
            let deadline = self.state.withLock { state -> ContinuousClock.Instant? in
                guard let idleSince = state.idleSince, state.isIdle else {
                    state.isJanitorRunning = false
                    return nil
                }
                return state.ownerIsGone
                    ? .now : idleSince.advanced(by: self.configuration.idleTime)
            }
            guard let deadline else { return }
            try? await Task.sleep(until: deadline)
            if await self.tearDown(idleBefore: .now) { return }
        }
    }

    /// Ends lease and watch if the lock is idle.
    ///
    /// - Returns: False if it is not, or not for long enough.
    private func tearDown(idleBefore moment: ContinuousClock.Instant) async -> Bool {
        var session: EtcdLeaseSession?
        var watch: Task<Void, Never>?
        let isDone = self.state.withLock { state in
            guard state.isIdle, let idleSince = state.idleSince,
                state.ownerIsGone
                    || idleSince.advanced(by: self.configuration.idleTime) <= moment
            else { return false }
            watch = state.endWatch()
            state.endTakeovers()
            session = self.sessions.takeSession()
            state.isJanitorRunning = false
            return true
        }
        watch?.cancel()
        await session?.closeUnlessLost()
        return isDone
    }

    /// Nobody can use the lock any more: let go of what is not needed by a hold.
    func ownerIsGone() {
        let isIdle = self.state.withLock { state in
            state.ownerIsGone = true
            return state.isIdle
        }
        // A deinit cannot wait.
        if isIdle { Task { _ = await self.tearDown(idleBefore: .now) } }
    }

    /// Ends everything; tickets vanish with their lease.
    func shutdown() async {
        var watch: Task<Void, Never>?
        var tickets: [LocalTicket] = []
        var sequence = 0
        self.state.withLock { state in
            state.isClosed = true
            watch = state.endWatch()
            state.endTakeovers()
            tickets = Array(state.tickets.values)
            for ticket in tickets { state.machine.leave(ticket.id) }
            state.tickets = [:]
            state.sequence += 1
            sequence = state.sequence
        }
        watch?.cancel()
        for ticket in tickets {
            ticket.lose(.closed)
            ticket.report(.lost(.closed), sequence: sequence)
        }
        // A ticket that goes with its lease only would look like that of a unit that died.
        for ticket in tickets where !ticket.session.isLost { self.reap(ticket) }
        await self.awaitRemovals()
        await self.sessions.close()
    }

    // MARK: Removals

    /// How long a shutdown waits for what is being removed.
    private static let shutdownPatience = Duration.seconds(2)

    /// Something is being removed, which a shutdown waits for.
    func expect(_ removal: OneShot<Void>) {
        self.state.withLock { $0.removals[ObjectIdentifier(removal)] = removal }
    }

    /// It is removed, or never will be.
    func happened(_ removal: OneShot<Void>) {
        removal.fulfil(())
        self.state.withLock { $0.removals[ObjectIdentifier(removal)] = nil }
    }

    private func awaitRemovals() async {
        let deadline = ContinuousClock.now.advanced(by: Self.shutdownPatience)
        for removal in self.state.withLock({ Array($0.removals.values) }) {
            await removal.value(within: deadline - ContinuousClock.now)
        }
    }
}
