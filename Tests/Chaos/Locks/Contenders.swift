// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Glibc
import Synchronization

/// The processes that contend for the lock, and what is done to them.
final class Contenders: Sendable {
    private struct Slot {
        var life = 0
        var process: ChildProcess?
        /// Something is being done to it.
        var isBusy = false

        func who(_ number: Int) -> ContenderID { .init(slot: number, life: self.life) }
    }

    private struct State {
        var slots: [Slot]
        var failures: [Violation] = []
        var isOver = false
    }

    private let plan: LockChaosPlan
    private let log: LockLogServer
    private let tls: EtcdProcess.TLS?
    private let endpoints: [[String]]
    /// What each can be cut off from all servers with, behind the proxies of the members.
    private let proxies: [[FaultProxy]]
    private let state: Mutex<State>

    init(
        _ plan: LockChaosPlan,
        _ cluster: EtcdTestSupport.EtcdCluster,
        _ log: LockLogServer
    ) throws {
        self.plan = plan
        self.log = log
        self.tls = cluster.options.tls
        self.state = Mutex(State(slots: .init(repeating: Slot(), count: plan.contenders)))
        var proxies: [[FaultProxy]] = []
        var endpoints: [[String]] = []
        for slot in 0..<plan.contenders {
            let members = (0..<cluster.members.count).map { index in
                cluster[(index + slot) % cluster.members.count]
            }
            let own = try members.map { try FaultProxy(to: $0.proxy.port) }
            proxies.append(own)
            endpoints.append(zip(members, own).map { $0.endpoint(through: $1) })
        }
        self.proxies = proxies
        self.endpoints = endpoints
    }

    /// What went wrong with the processes themselves.
    var failures: [Violation] { self.state.withLock { $0.failures } }

    /// Those that run.
    var running: Set<ContenderID> {
        self.state.withLock { state in
            Set(
                state.slots.enumerated().compactMap { number, slot in
                    slot.process?.isRunning ?? false ? slot.who(number) : nil
                }
            )
        }
    }

    func start() async throws {
        for slot in 0..<self.plan.contenders { try await self.start(slot) }
    }

    /// Ends all that are still there, however they are.
    func end() async {
        let processes = self.state.withLock { state in
            state.isOver = true
            return state.slots.compactMap(\.process)
        }
        for process in processes { process.signal(SIGKILL) }
        for process in processes { await process.wait() }
        for proxy in self.proxies.joined() { proxy.close() }
    }

    /// Waits until all have ended by themselves; false if some do not.
    func waitForEnd(_ patience: Duration) async throws {
        let deadline = ContinuousClock.now + patience
        while !self.running.isEmpty, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(20))
        }
        for who in self.running {
            self.fail("\(who) does not end when it is asked to")
        }
    }

    private func fail(_ text: String) {
        self.state.withLock { $0.failures.append(.init(.processFailed, text)) }
    }

    private func start(_ number: Int) async throws {
        let who = self.state.withLock { state in
            state.slots[number].life += 1
            return state.slots[number].who(number)
        }
        let seed = self.plan.seed &* 1_000_003 &+ UInt64(number) << 16 &+ UInt64(who.life)
        var arguments = [
            "--log", "\(self.log.port)", "--name", "\(who)", "--seed", "\(seed)",
            "--ttl", "\(self.plan.leaseTTL.inMilliseconds)",
        ]
        for endpoint in self.endpoints[number] { arguments += ["--endpoint", endpoint] }
        if let tls = self.tls {
            arguments += ["--authority", tls.certificateAuthority]
            if tls.clientAuthority != nil {
                arguments += ["--certificate", tls.certificate, "--key", tls.privateKey]
            }
        }
        if let defect = self.plan.defect { arguments += ["--broken", defect] }
        let process = try await ChildProcess.start(
            BuiltProgram.lockContender,
            arguments,
            environment: .inherited
        )
        let isOver = self.state.withLock { state in
            state.slots[number].process = process
            return state.isOver
        }
        // Ended meanwhile, before this one was there.
        if isOver { process.signal(SIGKILL) }
        // It ends with the process.
        Task {
            let output = await process.wait()
            guard output.status != 0, output.status != 128 + SIGKILL else { return }
            let text = output.standardError.suffix(800)
            self.fail("\(who) ends with status \(output.status): \(text)")
        }
    }
}

extension Contenders {
    /// Does what a step says to one of them, and undoes it.
    ///
    /// - Returns: False if there was nobody to do it to.
    func run(
        _ step: ContenderScript.Step,
        _ queue: [(key: String, ticket: LockStoreHistory.Ticket)],
        _ client: EtcdClient
    ) async throws -> Bool {
        switch step.fault {
        case .revokeLease:
            guard let (_, ticket) = self.target(step, queue) else { return false }
            self.log.note(nil, .revoking(lease: ticket.lease))
            // Whether it is told or not: it may have happened.
            try? await client.revokeLease(EtcdLeaseID(ticket.lease))
            return true
        case .deleteTicket:
            guard let (key, ticket) = self.target(step, queue) else { return false }
            self.log.note(nil, .deleting(ticket: ticket.created))
            let isThat = EtcdCompare.createRevision(of: key, .equal, EtcdRevision(ticket.created))
            _ = try? await client.commit(.init(when: [isThat], then: [.delete(key)]))
            return true
        case .killContender, .stopContender, .partitionContender:
            guard let number = self.claim(step, queue) else { return false }
            defer { self.state.withLock { $0.slots[number].isBusy = false } }
            try await self.disturb(number, step)
            return true
        }
    }

    private func target(
        _ step: ContenderScript.Step,
        _ queue: [(key: String, ticket: LockStoreHistory.Ticket)]
    ) -> (key: String, ticket: LockStoreHistory.Ticket)? {
        if queue.isEmpty { return nil }
        return queue[step.aimsAtHolder ? 0 : step.slot % queue.count]
    }

    /// Whom a step hits; nobody is hit by two at a time.
    private func claim(
        _ step: ContenderScript.Step,
        _ queue: [(key: String, ticket: LockStoreHistory.Ticket)]
    ) -> Int? {
        let holder = step.aimsAtHolder ? queue.first?.ticket.attempt?.who.slot : nil
        let first = holder.map(Int.init) ?? step.slot
        return self.state.withLock { state in
            let count = state.slots.count
            for number in (0..<count).map({ (first + $0) % count }) {
                guard !state.slots[number].isBusy else { continue }
                state.slots[number].isBusy = true
                return number
            }
            return nil
        }
    }

    private func disturb(_ number: Int, _ step: ContenderScript.Step) async throws {
        let (who, process) = self.state.withLock {
            ($0.slots[number].who(number), $0.slots[number].process)
        }
        guard let process else { return }
        switch step.fault {
        case .killContender:
            self.log.note(who, .killing)
            process.signal(SIGKILL)
            await process.wait()
            try? await Task.sleep(for: step.duration)
            // In a task of its own, for what was begun is ended in a cancelled task, too.
            try await Task { try await self.start(number) }.value
        case .stopContender:
            self.log.note(who, .stopping)
            process.signal(SIGSTOP)
            try? await Task.sleep(for: step.duration)
            self.log.note(who, .continuing)
            process.signal(SIGCONT)
        case .partitionContender:
            for proxy in self.proxies[number] { proxy.blackHole() }
            try? await Task.sleep(for: step.duration)
            for proxy in self.proxies[number] { proxy.heal() }
        case .revokeLease, .deleteTicket: break
        }
    }
}

extension Duration {
    fileprivate var inMilliseconds: Int64 {
        self.components.seconds * 1000 + self.components.attoseconds / 1_000_000_000_000_000
    }
}
