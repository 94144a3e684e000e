// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport

/// One run: sets up, lets clients and faults loose, waits until everybody has caught up, and judges.
struct ChaosRun: Sendable {
    let plan: ChaosPlan
    let output: Output
    let witness = Witness()

    init(_ plan: ChaosPlan, _ output: Output) {
        self.plan = plan
        self.output = output
    }

    func run() async throws -> ChaosReport {
        self.output.tell("\(self.plan.version), seed \(self.plan.seed)")
        let folder = try TemporaryDirectory("chaos")
        var options = EtcdProcess.Options(
            rootPassword: self.plan.hasUsers ? "chaos" : nil,
            arguments: ["--experimental-watch-progress-notify-interval", "1s"]
        )
        if self.plan.isSecure { options.tls = .init(try TestCertificates.make(in: folder.path)) }
        return try await withEtcdCluster(self.plan.version, options, proxied: true) { cluster in
            try await self.run(on: cluster)
        }
    }

    private func run(on cluster: EtcdTestSupport.EtcdCluster) async throws -> ChaosReport {
        var configuration = cluster.clientConfiguration
        configuration.requestTimeout = self.witness.requestTimeout
        var clients: [EtcdClient] = []
        for _ in 0..<3 {
            clients.append(try EtcdClient(configuration: configuration))
            configuration.endpoints.append(configuration.endpoints.removeFirst())
        }
        // Faults of members, but none of connections, for what must not miss anything.
        configuration.endpoints = cluster.members.map(\.endpoint)
        let direct = try EtcdClient(configuration: configuration)
        let runner = FaultRunner(cluster)
        self.witness.update { $0.faults = { runner.journal } }
        let result: Result<Void, any Error>
        do {
            try await self.play(clients, direct, runner)
            try await self.compareMembers(cluster, configuration)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        for client in clients + [direct] { await client.shutdown() }
        try result.get()
        return self.makeReport(runner)
    }

    /// Lets everybody loose, and ends it when the time is up.
    private func play(
        _ clients: [EtcdClient],
        _ direct: EtcdClient,
        _ runner: FaultRunner
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let workload = Workload(witness: self.witness, clients: clients, direct: direct)
            // Before anything happens.
            let recording = try await workload.openRecording()
            group.addTask { await workload.record(recording) }
            group.addTask { try await workload.run(seed: self.plan.seed) }
            group.addTask { try await self.injectFaults(runner) }
            group.addTask { try await self.tellProgress(runner) }
            try await group.waitForAll()
        }
        self.witness.settle()
    }

    private func injectFaults(_ runner: FaultRunner) async throws {
        var ofConnections = Fault.ofConnections
        if self.plan.isSecure { ofConnections.append(.flipByte) }
        var scripts: [FaultScript] = []
        for (index, kinds) in [Fault.ofServers, ofConnections].enumerated() {
            let faults = kinds.filter { self.plan.faults?.contains($0) ?? true }
            guard !faults.isEmpty else { continue }
            scripts.append(FaultScript(seed: self.plan.seed &+ UInt64(index), faults: faults))
        }
        let injecting = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for script in scripts { group.addTask { try await runner.run(script) } }
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
        self.output.tell("faults are over, everybody catches up")
        self.witness.update { $0.isOver = true }
    }

    private func tellProgress(_ runner: FaultRunner) async throws {
        var rounds = 0
        while !self.witness.isOver {
            try await Task.sleep(for: .seconds(1))
            rounds += 1
            self.witness.settle()
            guard rounds.isMultiple(of: 10) else { continue }
            let state = self.witness.update { ($0.operations, $0.recorded, $0.violations.count) }
            let outcomes = state.0.values.flatMap { $0 }
            let all = outcomes.reduce(0) { $0 + $1.value }
            let ambiguous = outcomes.filter { $0.key == "ambiguous" }.reduce(0) { $0 + $1.value }
            self.output.tell(
                "\(runner.injected.values.reduce(0, +)) faults, \(all) operations, "
                    + "\(ambiguous) ambiguous, revision \(state.1), \(state.2) violations"
            )
        }
    }
}
