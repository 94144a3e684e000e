// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import ProcessControl
import Synchronization

extension Workload {
    private static let operationsOfAnEpoch = 50

    /// Four clients use one register after the other, and each is judged when they leave it.
    ///
    /// Short histories keep the search for an order short, however much is ambiguous.
    func useRegisters(_ group: Int, _ generator: SeededGenerator) async throws {
        var generator = generator
        var epoch = 0
        while !self.witness.isOver {
            let key = "\(Self.registerPrefix)\(group)/\(epoch)"
            let history = RegisterHistory()
            try await withThrowingTaskGroup(of: Void.self) { workers in
                for client in 0..<4 {
                    let seed = generator.next()
                    workers.addTask {
                        var user = RegisterUser(
                            workload: self,
                            number: client,
                            key: key,
                            generator: SeededGenerator(seed: seed)
                        )
                        for _ in 0..<Self.operationsOfAnEpoch where !self.witness.isOver {
                            if let operation = await user.operate() {
                                history.append(operation)
                            }
                            try await self.rest(0...40, &user.generator)
                        }
                    }
                }
                try await workers.waitForAll()
            }
            self.judge(history.operations, of: key)
            epoch += 1
        }
    }

    private func judge(_ history: [RegisterOperation], of key: String) {
        let verdict = LinearizabilityChecker.check(history)
        self.witness.update { state in
            state.registersJudged += 1
            switch verdict {
            case .linearizable: break
            case .undecided: state.registersUndecided += 1
            case .impossible(let longest):
                let rest = Set(history).subtracting(longest).sorted { $0.called < $1.called }
                let text =
                    "\(key): after \(longest.suffix(3)) nothing of this can follow: "
                    + "\(rest.prefix(6))"
                state.violations.append(.init(.notLinearizable, text))
            }
        }
    }
}

/// What all clients of a register did.
private final class RegisterHistory: Sendable {
    private let state = Mutex<[RegisterOperation]>([])

    var operations: [RegisterOperation] { self.state.withLock { $0 } }

    func append(_ operation: RegisterOperation) {
        self.state.withLock { $0.append(operation) }
    }
}

/// One client of a register.
private struct RegisterUser {
    let workload: Workload
    let number: Int
    let key: String
    var generator: SeededGenerator
    private var count = 0
    /// What it found or wrote last.
    private var last: EtcdKeyValue?

    init(workload: Workload, number: Int, key: String, generator: SeededGenerator) {
        self.workload = workload
        self.number = number
        self.key = key
        self.generator = generator
    }

    /// Does something; nil if it was certainly not done, or says nothing.
    mutating func operate() async -> RegisterOperation? {
        let called = BootClock.nanoseconds
        let kind: RegisterOperation.Kind?
        let isAmbiguous: Bool
        switch Int.random(in: 0..<20, using: &self.generator) {
        case 0..<7: (kind, isAmbiguous) = await self.read()
        case 7..<8: (kind, isAmbiguous) = await self.readLocally()
        case 8..<12: (kind, isAmbiguous) = await self.put()
        case 12..<18: (kind, isAmbiguous) = await self.exchange()
        default: (kind, isAmbiguous) = await self.delete()
        }
        let answered = isAmbiguous ? nil : BootClock.nanoseconds
        return kind.map { .init(client: self.number, $0, called: called, answered: answered) }
    }

    private var witness: Witness { self.workload.witness }
    private var client: EtcdClient { self.workload.client(self.number) }

    private mutating func nextValue() -> String {
        self.count += 1
        return "\(self.key) \(self.number).\(self.count)"
    }

    private mutating func read() async -> (RegisterOperation.Kind?, Bool) {
        guard case .done(let response) = await self.witness.read("get", self.client, self.key)
        else {
            return (nil, false)
        }
        self.last = response.keyValues.first
        return (.read(self.last?.value.text), false)
    }

    /// What a member finds may be old, so it says nothing here; it is judged with the history.
    private func readLocally() async -> (RegisterOperation.Kind?, Bool) {
        _ = await self.witness.read("get, local", self.client, self.key, isSerializable: true)
        return (nil, false)
    }

    private mutating func put() async -> (RegisterOperation.Kind?, Bool) {
        let (key, client, value) = (self.key, self.client, self.nextValue())
        let outcome = await self.witness.write("put", value, keys: [key], by: client) {
            try await client.put(key, value).header.revision
        }
        switch outcome {
        case .done: return (.write(value), false)
        case .ambiguous: return (.write(value), true)
        case .failed: return (nil, false)
        }
    }

    private mutating func exchange() async -> (RegisterOperation.Kind?, Bool) {
        let (key, client, value, found) = (self.key, self.client, self.nextValue(), self.last)
        let outcome = await self.witness.write("exchange", value, keys: [key], by: client) {
            try await client.put(key, value, if: .unchanged(found)).response?.header.revision
        }
        func kind(_ isDone: Bool?) -> RegisterOperation.Kind {
            .exchange(expected: found?.value.text, new: value, isDone: isDone)
        }
        switch outcome {
        case .done(let revision): return (kind(revision != nil), false)
        case .ambiguous: return (kind(nil), true)
        case .failed: return (nil, false)
        }
    }

    private func delete() async -> (RegisterOperation.Kind?, Bool) {
        let (key, client) = (self.key, self.client)
        let outcome = await self.witness.call("delete", writes: true) {
            try await client.delete(key)
        }
        switch outcome {
        case .done(let response):
            self.witness.knows(response.header.revision, client)
            if response.deleted > 0 { self.witness.update { $0.deletions.acknowledged(key) } }
            return (.delete(found: response.deleted > 0), false)
        case .ambiguous:
            self.witness.update { $0.deletions.ambiguous(key) }
            return (.delete(found: nil), true)
        case .failed: return (nil, false)
        }
    }
}
