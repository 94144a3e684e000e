// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import Logging
import Synchronization

/// One candidacy: does what ``CandidateStateMachine`` decides.
///
/// The mutex is held for one event at a time. What waits for etcd runs in tasks of their own, because
/// it goes on after the call that began it: the watch, the lease's states, the transaction. They end
/// when the candidacy is over, and the lease with them.
final class Candidate: Sendable {
    typealias Phase = CandidateStateMachine.Phase

    private struct State: ~Copyable {
        var machine: CandidateStateMachine
        var failure: (any Error)?
        var tasks: [Task<Void, Never>] = []
        var readers: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastReader = 0
    }

    let key: EtcdBytes
    let session: EtcdLeaseSession
    let requests: ElectionRequests
    private let state: Mutex<State>

    private init(requests: ElectionRequests, session: EtcdLeaseSession) {
        self.key = requests.keys.candidate(lease: session.id, nonce: .random(in: .min ... .max))
        self.session = session
        self.requests = requests
        self.state = Mutex(State(machine: CandidateStateMachine(key: self.key)))
    }

    private var logger: Logger { self.requests.client.core.logger }

    /// Opens what a candidacy needs and enters the election.
    static func start(
        in requests: ElectionRequests,
        value: EtcdBytes,
        ttl: Duration
    ) async throws -> Candidate {
        // Acknowledged before the transaction is sent, so that nothing falls in between.
        async let opening = requests.watchDeletions()
        let session = try await requests.client.openLeaseSession(
            ttl: ttl,
            renewalStream: .separate
        )
        let watch: EtcdWatch
        do {
            watch = try await opening
        } catch {
            Self.endLease(of: session, requests.client)
            throw error
        }
        let candidate = Candidate(requests: requests, session: session)
        candidate.keep([
            Task { await candidate.follow(watch) },
            Task { await candidate.followLease() },
            Task { await candidate.enter(value) },
        ])
        return candidate
    }

    private func keep(_ tasks: [Task<Void, Never>]) {
        let isOver = self.state.withLock { state in
            state.tasks = tasks
            return state.machine.isOver
        }
        if isOver { for task in tasks { task.cancel() } }
    }

    // MARK: For the owner

    /// Waits until the candidate leads.
    ///
    /// - Returns: The fencing token.
    func elected() async throws -> EtcdRevision {
        var phase: Phase?
        while true {
            phase = try await self.phase(after: phase)
            switch phase {
            case .leading(let token):
                // What made it lead may be old: the process may have stood still since then.
                if case .lost(let reason) = self.session.state {
                    throw EtcdError.notElected(.init(reason))
                }
                return token
            case .over(let end): throw self.error(of: end)
            case .entering, .waiting, .leaving, nil: continue
            }
        }
    }

    /// What the candidate is now.
    var phase: Phase {
        self.state.withLock { $0.machine.phase }
    }

    /// Waits until the candidate is something else than before.
    func phase(after last: Phase?) async throws(CancellationError) -> Phase {
        let number = self.state.withLock { state in
            state.lastReader += 1
            return state.lastReader
        }
        while !Task.isCancelled {
            let current = self.phase
            if current != last { return current }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let mustLook = self.state.withLock { state in
                        guard !Task.isCancelled, state.machine.phase == last else { return true }
                        state.readers[number] = continuation
                        return false
                    }
                    if mustLook { continuation.resume() }
                }
            } onCancel: {
                self.state.withLock { $0.readers.removeValue(forKey: number) }?.resume()
            }
        }
        throw CancellationError()
    }

    /// Does not want it any more; removes it behind the caller's back, by ending its lease.
    func giveUp() {
        self.update { machine in
            machine.giveUp()
            return .none
        }
    }

    /// The owner has forgotten it: it leads no longer than its lease lives.
    func abandon() {
        guard case .leading = self.phase else { return }
        self.logger.warning(
            "a leadership was let go without resign(); its lease expires by itself",
            metadata: ["lease": "\(self.session.id)"]
        )
        self.session.abandon()
        self.giveUp()
    }

    /// Replaces what the leader proclaims.
    func proclaim(_ value: EtcdBytes) async throws {
        guard case .leading(let token) = self.phase else {
            throw EtcdError.notElected(self.lossReason)
        }
        let entry = ElectionEntry(key: self.key, createRevision: token)
        do {
            if try await self.requests.proclaim(value, for: entry, lease: self.session.id) {
                return
            }
        } catch let error as EtcdError where error.code == .leaseNotFound {
            // The key goes with it.
        }
        self.update { machine in
            machine.keyWasGone()
            return .none
        }
        throw EtcdError.notElected(self.lossReason)
    }

    /// Resigns; further calls wait for the first one and see its outcome.
    func resign() async throws -> EtcdResignation {
        var entry: ElectionEntry?
        self.update { machine in
            entry = machine.resign()
            return .none
        }
        // It goes on when the caller's task is cancelled.
        if let entry { Task { await self.settleResignation(entry) } }
        var phase: Phase?
        while true {
            phase = try await self.phase(after: phase)
            switch phase {
            case .over(.resigned(let outcome)): return outcome
            case .over(.lost), .over(.givenUp): return .alreadyGone
            case .over(.failed): throw self.error(of: .failed)
            case .entering, .waiting, .leading, .leaving, nil: continue
            }
        }
    }

    /// Why it is lost; `nil` if it is not, or was given up.
    var lossReason: EtcdLeadership.LossReason? {
        if case .over(.lost(let reason)) = self.phase { reason } else { nil }
    }

    private func error(of end: CandidateStateMachine.End) -> any Error {
        switch end {
        case .lost(let reason): EtcdError.notElected(reason)
        case .failed: self.state.withLock { $0.failure } ?? EtcdError.notElected(nil)
        case .givenUp, .resigned: EtcdError.notElected(nil)
        }
    }

    // MARK: Events

    /// Tells the machine what happened and does what it decides.
    func update(
        failure: (any Error)? = nil,
        _ event: (inout CandidateStateMachine) -> CandidateStateMachine.Action
    ) {
        var action = CandidateStateMachine.Action.none
        var mustLeaseExpire = false
        let (readers, ended) = self.state.withLock { state in
            let wasOver = state.machine.isOver
            let before = state.machine.phase
            action = event(&state.machine)
            let isOver = state.machine.isOver
            mustLeaseExpire = state.machine.mustLeaseExpire
            if isOver, !wasOver { state.failure = failure }
            guard state.machine.phase != before else {
                return ([CheckedContinuation<Void, Never>](), [Task<Void, Never>]?.none)
            }
            let readers = Array(state.readers.values)
            state.readers = [:]
            return (readers, isOver && !wasOver ? state.tasks : nil)
        }
        for reader in readers { reader.resume() }
        if let ended {
            for task in ended { task.cancel() }
            if mustLeaseExpire {
                self.session.abandon()
            } else {
                Self.endLease(of: self.session, self.requests.client)
            }
        }
        // It ends with its answer, or soon after the candidacy.
        if action == .list { Task { await self.list() } }
    }

    private func enter(_ value: EtcdBytes) async {
        var backoff = Backoff()
        var mayBeThere = false
        while !Task.isCancelled {
            do {
                let entered = try await self.requests.enter(
                    self.key,
                    value,
                    lease: self.session.id
                )
                return self.update { $0.entered(as: entered.entry, among: entered.listing) }
            } catch {
                // Sent again it tells what became of it: the key is unique.
                mayBeThere = mayBeThere || (error as? EtcdError)?.code == .ambiguous
                guard mayBeThere, let error = error as? EtcdError,
                    error.code == .ambiguous || error.isRetryable
                else {
                    return self.update(failure: error) { machine in
                        _ = machine.enteringFailed()
                        return .none
                    }
                }
                try? await Task.sleep(for: Backoff.jittered(upTo: backoff.next()))
            }
        }
    }

    private func list() async {
        var backoff = Backoff()
        while !self.phase.isOver {
            do {
                let entries = try await self.requests.list()
                return self.update { $0.listed(entries) }
            } catch {
                self.logger.info("the candidates could not be read: \(error)")
                try? await Task.sleep(for: Backoff.jittered(upTo: backoff.next()))
            }
        }
    }

    private func followLease() async {
        for await state in self.session.states {
            guard case .lost(let reason) = state else { continue }
            self.update { machine in
                machine.leaseEnded(.init(reason))
                return .none
            }
        }
    }

    private func follow(_ first: EtcdWatch) async {
        var watch = first
        var backoff = Backoff()
        while !Task.isCancelled {
            do {
                for try await batch in watch { self.received(batch) }
            } catch {
                self.watchFailed(error)
            }
            repeat {
                guard !self.phase.isOver else { return }
                try? await Task.sleep(for: Backoff.jittered(upTo: backoff.next()))
                do {
                    watch = try await self.requests.watchDeletions()
                    backoff.reset()
                    self.update { $0.watchWasInterrupted() }
                    break
                } catch {
                    self.watchFailed(error)
                }
            } while !Task.isCancelled
        }
    }

    private func received(_ batch: EtcdWatchBatch) {
        switch batch.kind {
        case .events:
            let deletions = batch.events.filter { $0.kind == .delete }
                .map { ElectionDeletion(key: $0.key, revision: $0.revision) }
            self.update { machine in
                machine.deleted(deletions)
                return .none
            }
        case .resumed:
            self.update { $0.watchWasInterrupted() }
        case .progress:
            break
        }
    }

    private func watchFailed(_ error: any Error) {
        guard let error = error as? EtcdError else { return }
        self.logger.info("the watch on an election ended: \(error)")
        guard error.endsElections else { return }
        self.update(failure: error) { machine in
            _ = machine.watchWasRefused()
            return .none
        }
    }
}
