// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import ProcessControl
import Synchronization

/// One run: sets up, lets contenders and faults loose, waits until everybody has had enough, and
/// judges.
struct LockChaosRun: Sendable {
    let plan: LockChaosPlan
    let output: Output
    let recorder = StoreRecorder()
    private let state: State

    /// What is counted while it runs.
    private final class State: Sendable {
        let tally = Mutex(LockTally())
        let contenderFaults = Mutex<[String: Int]>([:])
        /// Tickets that stay while all contenders rest.
        let remaining = Mutex<[Int64]>([])
        let violations = Mutex<[Violation]>([])
        let isOver = Atomic(false)
    }

    init(_ plan: LockChaosPlan, _ output: Output) {
        self.plan = plan
        self.output = output
        self.state = State()
    }

    func run() async throws -> LockChaosReport {
        self.output.tell("\(self.plan.version), seed \(self.plan.seed)")
        let folder = try TemporaryDirectory("chaos")
        var options = EtcdProcess.Options()
        if self.plan.isSecure { options.tls = .init(try TestCertificates.make(in: folder.path)) }
        return try await withEtcdCluster(self.plan.version, options, proxied: true) { cluster in
            try await self.run(on: cluster)
        }
    }

    private func run(on cluster: EtcdTestSupport.EtcdCluster) async throws -> LockChaosReport {
        let log = try LockLogServer()
        let runner = FaultRunner(cluster) { entry in
            let isStop = entry.step.fault == .pause || entry.step.fault == .pauseTwo
            if isStop, entry.hitsLeader { log.note(nil, .leaderContinues) }
        }
        let contenders = try Contenders(self.plan, cluster, log)
        var configuration = cluster.clientConfiguration
        // Faults of members, but none of connections.
        configuration.endpoints = cluster.members.map(\.endpoint)
        configuration.requestTimeout = .seconds(5)
        let result: Result<Void, any Error>
        do {
            try await withEtcdClient(configuration: configuration) { client in
                try await self.play(contenders, log, runner, client)
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await contenders.end()
        log.close()
        try result.get()
        let comparison = try await MemberComparison(
            of: cluster,
            at: self.recorder.through,
            configuration
        )
        self.state.violations.withLock { $0 += comparison.violations + contenders.failures }
        return self.makeReport(log, runner)
    }

    /// Lets everybody loose, ends it when the time is up, and waits until nothing is left.
    private func play(
        _ contenders: Contenders,
        _ log: LockLogServer,
        _ runner: FaultRunner,
        _ client: EtcdClient
    ) async throws {
        // Before anything happens.
        let watch = try await client.watch(.all, options: .init(startRevision: EtcdRevision(1)))
        let recording = Task { await self.recorder.record(watch) }
        defer { recording.cancel() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.tellProgress(log, runner) }
            group.addTask {
                try await contenders.start()
                try await self.injectFaults(contenders, runner, client)
                self.output.tell("faults are over, everybody comes to an end")
                try await self.drain(contenders, log, client)
                self.state.isOver.store(true, ordering: .relaxed)
            }
            try await group.waitForAll()
        }
    }

    // MARK: Faults

    private func injectFaults(
        _ contenders: Contenders,
        _ runner: FaultRunner,
        _ client: EtcdClient
    ) async throws {
        let injecting = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, kinds) in [Fault.ofServers, Fault.ofConnections].enumerated() {
                    let faults = kinds.filter { self.plan.wants($0.rawValue) }
                    guard !faults.isEmpty else { continue }
                    let script = FaultScript(seed: self.plan.seed &+ UInt64(index), faults: faults)
                    group.addTask { try await runner.run(script) }
                }
                for number in 2..<4 {
                    group.addTask {
                        try await self.disturb(contenders, number, client)
                    }
                }
                // Nothing may be left of them.
                group.addTask {
                    while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
                }
                try await group.waitForAll()
            }
        }
        try await withTaskCancellationHandler {
            let ending = Task {
                try await Task.sleep(for: self.plan.duration)
                injecting.cancel()
            }
            defer { ending.cancel() }
            try await injecting.value
        } onCancel: {
            injecting.cancel()
        }
        try Task.checkCancellation()
    }

    private func disturb(
        _ contenders: Contenders,
        _ number: Int,
        _ client: EtcdClient
    ) async throws {
        let faults = ContenderFault.allCases.filter { self.plan.wants($0.rawValue) }
        guard !faults.isEmpty else { return }
        var script = ContenderScript(
            seed: self.plan.seed &+ UInt64(number),
            faults: faults,
            contenders: self.plan.contenders
        )
        while !Task.isCancelled {
            let step = script.next()
            try? await Task.sleep(for: step.rest)
            if Task.isCancelled { return }
            if try await contenders.run(step, self.recorder.queue, client) {
                self.state.contenderFaults.withLock { $0[step.fault.rawValue, default: 0] += 1 }
            }
        }
    }

    // MARK: The end

    /// Asks everybody to finish, looks what is left while they still live, and lets them end.
    private func drain(
        _ contenders: Contenders,
        _ log: LockLogServer,
        _ client: EtcdClient
    ) async throws {
        log.phase = .drain
        try await self.wait { log.drained.isSuperset(of: contenders.running) }
        let remaining = try await self.remainingTickets(client)
        log.phase = .end
        try await contenders.waitForEnd(.seconds(30))
        let marker = try await eventually { try await client.put("end", "1").header.revision }
        if let marker { try await self.recorder.catchUp(to: marker.rawValue) }
        self.state.remaining.withLock { $0 = remaining }
    }

    /// What is left in the queue after a while; nothing if all is well.
    ///
    /// Everybody who lives still renews a lease, so nothing that was forgotten goes by itself.
    private func remainingTickets(_ client: EtcdClient) async throws -> [Int64] {
        var remaining: [Int64] = []
        try await self.wait {
            let response = try? await client.range(.prefix(LockChaosNames.queuePrefix))
            guard let response else { return false }
            remaining = response.keyValues.map(\.createRevision.rawValue)
            return remaining.isEmpty
        }
        return remaining
    }

    private func wait(until condition: () async -> Bool) async throws {
        let deadline = ContinuousClock.now + Workload.patience
        while await !condition(), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    // MARK: What is told

    private func tellProgress(_ log: LockLogServer, _ runner: FaultRunner) async throws {
        var rounds = 0
        while !self.state.isOver.load(ordering: .relaxed) {
            try await Task.sleep(for: .seconds(1))
            rounds += 1
            self.count(log)
            guard rounds.isMultiple(of: 10) else { continue }
            let tally = self.state.tally.withLock { $0 }
            let onContenders = self.state.contenderFaults.withLock { $0.values.reduce(0, +) }
            self.output.tell(
                "\(runner.injected.values.reduce(0, +)) faults of members, \(onContenders) of "
                    + "contenders, \(tally.acquisitions) acquisitions, \(tally.losses) lost, "
                    + "\(tally.stoppedWaiting.values.reduce(0, +)) given up, "
                    + "\(self.recorder.queue.count) in the queue"
            )
        }
    }

    private func count(_ log: LockLogServer) {
        self.state.tally.withLock { tally in
            for event in log.log(from: tally.lines) { tally.add(event) }
        }
    }

    private func makeReport(_ log: LockLogServer, _ runner: FaultRunner) -> LockChaosReport {
        self.count(log)
        if let path = self.plan.journal {
            LockJournal(log, runner.journal, self.recorder).write(to: path)
        }
        let lines = log.log
        let history = self.recorder.history
        let findings = LockChecker.check(
            lines,
            history,
            remaining: self.state.remaining.withLock { $0 }
        )
        let violations =
            self.state.violations.withLock { $0 } + self.recorder.violations + findings.violations
        let limit = 40
        return LockChaosReport(
            etcd: self.plan.version.description,
            seed: self.plan.seed,
            seconds: self.plan.duration.inSeconds,
            isSecure: self.plan.isSecure,
            broken: self.plan.defect,
            contenders: self.plan.contenders,
            processes: lines.count { $0.kind == .began },
            memberFaults: Dictionary(
                uniqueKeysWithValues: runner.injected.map { ($0.key.rawValue, $0.value) }
            ),
            contenderFaults: self.state.contenderFaults.withLock { $0 },
            tally: self.state.tally.withLock { $0 },
            tickets: history.tickets.count,
            storeWrites: history.writes.count,
            revisions: self.recorder.through,
            believedAfterForce: findings.believedAfterForce,
            revokedByStaleLeader: findings.revokedByStaleLeader,
            kinds: violations.reduce(into: [:]) { $0[$1.kind.rawValue, default: 0] += 1 },
            violations: violations.prefix(limit).map {
                .init(kind: $0.kind.rawValue, evidence: $0.evidence)
            },
            violationsLeftOut: max(0, violations.count - limit)
        )
    }
}
