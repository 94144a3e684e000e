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
        // Nobody need fear that their owners are still at work.
        await self.removeAtShutdown(tickets)
        await self.sessions.close()
    }
}
