// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ProcessControl
import Subprocess

/// The plot: five units ask for a restart; one is killed while it waits and one while it holds;
/// both ask again.
struct Scenario: Sendable {
    /// How long a dead holder blocks the others.
    static let leaseTTL = 5

    let units: [UnitFacts]
    /// The file that tells `rolling-lock` where etcd is.
    let config: String
    let chronicle: SharedChronicle
    let household: Household
    private let processes = ProcessRegister()

    init(units: [UnitFacts], config: String, chronicle: SharedChronicle, household: Household) {
        self.units = units
        self.config = config
        self.chronicle = chronicle
        self.household = household
    }

    func play() async throws {
        self.chronicle.tell("all five units ask for a restart")
        var requests: [Int] = []
        for unit in self.units {
            let request = try await self.ask(unit)
            requests.append(request)
            try await self.chronicle.wait("a ticket of \(unit.name)") {
                $0.ticket(ofRequest: request) != nil
            }
        }
        // The fourth waits behind two others; the third has its turn after the second.
        let (waiter, victim) = (requests[3], requests[2])
        try await self.killWaiter(waiter)
        let second = try await self.askAgain(after: waiter)
        try await self.killHolder(victim)
        let third = try await self.askAgain(after: victim)
        let all = requests + [second, third]
        try await self.chronicle.wait("the end of all restarts", within: .seconds(120)) {
            chronicle in all.allSatisfy { chronicle.requests[$0].hasEnded }
        }
        // The deletion of the last ticket is still on its way to the recorder.
        try await self.chronicle.wait("an empty queue") { $0.queue.isEmpty }
        self.chronicle.tell("the queue is empty")
    }

    /// Starts `rolling-lock run … -- restart-unit …` for a unit.
    private func ask(_ unit: UnitFacts) async throws -> Int {
        let index = self.chronicle.update { chronicle in
            chronicle.requests.append(.init(unit: unit.name, asked: BootClock.nanoseconds))
            return chronicle.requests.count - 1
        }
        let options = [
            "run", "--json", "--config", self.config, "--cluster-id", Demonstration.clusterID,
            "--unit", unit.name, "--ttl", "\(Self.leaseTTL)s", "--reason", "restart", "--",
            unit.program,
        ]
        let process = try await ManagedProcess.start(
            OwnProgram.rollingLock(),
            options + unit.restartArguments,
            reports: .standardError
        ) { line in
            guard let note = Note(line: line) else { return }
            self.receive(note, request: index)
        }
        self.processes.add(process, for: index)
        self.household.add(.locks) { await process.stop() }
        // Unstructured: it ends with the process.
        Task {
            let status = await process.waitForEnd()
            self.chronicle.update { chronicle in
                chronicle.requests[index].hasEnded = true
                if case .exited(let code) = status { chronicle.requests[index].status = code }
            }
        }
        return index
    }

    private func receive(_ note: Note, request index: Int) {
        let unit = self.chronicle.update { chronicle in
            chronicle.requests[index].notes.append(note)
            return chronicle.requests[index].unit
        }
        switch note.event {
        case "waiting" where note.place != nil:
            let ahead = (note.ahead ?? []).joined(separator: ", ")
            self.chronicle.tell("\(unit) waits behind \(ahead)")
        case "granted":
            self.chronicle.tell("\(unit) holds the lock, fencing token \(note.fencingToken ?? 0)")
        case "restart-end": self.chronicle.tell("\(unit) is restarted and healthy")
        case "failed", "lost": self.chronicle.tell("\(unit): \(note.reason ?? note.event)")
        default: break
        }
    }

    private func killWaiter(_ index: Int) async throws {
        let unit = self.chronicle.now.requests[index].unit
        guard self.chronicle.now.requests[index].granted == nil else {
            throw DemoFailure("\(unit) was to be killed while waiting, but had its turn already")
        }
        self.kill(index, .whileWaiting)
        self.chronicle.tell("\(unit) is killed while it waits")
    }

    /// Kills the holder and its command at the worst moment: while its service is down.
    private func killHolder(_ index: Int) async throws {
        let unit = self.chronicle.now.requests[index].unit
        try await self.chronicle.wait("\(unit) in mid-restart") { chronicle in
            guard let granted = chronicle.requests[index].granted?.time else { return false }
            return chronicle.requests[index].first("started") != nil
                && chronicle.services[unit]?.contains {
                    $0.event == "stopping" && $0.time > granted
                } == true
        }
        self.kill(index, .whileHolding)
        self.chronicle.tell("\(unit) dies while it holds, its service is down")
    }

    private func kill(_ index: Int, _ kind: Chronicle.Request.Death) {
        let group = self.chronicle.update { chronicle in
            chronicle.requests[index].death = (kind, BootClock.nanoseconds)
            return chronicle.requests[index].first("started")?.processGroup
        }
        self.processes[index]?.send(SIGKILL)
        if let group { Glibc.kill(-group, SIGKILL) }
    }

    /// Lets a unit that was killed ask once more, a moment later.
    private func askAgain(after index: Int) async throws -> Int {
        let name = self.chronicle.now.requests[index].unit
        guard let unit = self.units.first(where: { $0.name == name }) else {
            throw DemoFailure("no unit \(name)")
        }
        try await Task.sleep(for: .milliseconds(500))
        self.chronicle.tell("\(name) asks again")
        let again = try await self.ask(unit)
        try await self.chronicle.wait("a second ticket of \(name)") {
            $0.ticket(ofRequest: again) != nil
        }
        return again
    }
}
