// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport

/// What clients do meanwhile.
///
/// Every value is written once only, so that whoever finds one knows which write it came from. Each
/// kind of work has keys of its own.
struct Workload: Sendable {
    static let registerPrefix = "registers/"
    static let counterPrefix = "counters/"
    static let listPrefix = "lists/"
    static let transactionPrefix = "transactions/"
    static let sessionPrefix = "sessions/"
    static let prefixes = [
        registerPrefix, counterPrefix, listPrefix, transactionPrefix, sessionPrefix,
    ]

    /// How long watches may take to come to the end after the last fault, on a busy machine.
    static let patience = Duration.seconds(60)

    let witness: Witness
    /// Through proxies.
    let clients: [EtcdClient]
    /// Past them.
    let direct: EtcdClient

    func client(_ number: Int) -> EtcdClient { self.clients[number % self.clients.count] }

    /// Works until the time is up, then marks the end in every prefix.
    func run(seed: UInt64) async throws {
        let base = SeededGenerator(seed: seed ^ 0x5eed)
        var generators = base
        func next() -> SeededGenerator { SeededGenerator(seed: generators.next()) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            var workers: [@Sendable () async throws -> Void] = []
            for number in 0..<2 {
                let generator = next()
                workers.append { try await self.useRegisters(number, generator) }
            }
            for number in 0..<6 {
                let generator = next()
                workers.append { try await self.holdLeases(number, generator) }
            }
            for number in 0..<3 {
                let generators = (next(), next(), next())
                workers.append { try await self.count(number, generators.0) }
                workers.append { try await self.append(number, generators.1) }
                workers.append { try await self.transact(number, generators.2) }
            }
            for worker in workers { group.addTask { try await worker() } }
            let generator = next()
            group.addTask { try await self.compact(generator) }
            for number in 0..<5 {
                let generator = next()
                group.addTask { try await self.watch(number, generator) }
            }
            for (number, prefix) in [Self.transactionPrefix, Self.sessionPrefix].enumerated() {
                group.addTask { try await self.mirror(number, prefix) }
            }
            group.addTask { try await self.markTheEnd() }
            try await group.waitForAll()
        }
    }

    /// Waits a moment of random length, so that the machine has time for others.
    func rest(_ milliseconds: ClosedRange<Int>, _ generator: inout SeededGenerator) async throws {
        let time = Int.random(in: milliseconds, using: &generator)
        try await Task.sleep(for: .milliseconds(time))
    }

    /// Writes beneath every prefix once the faults are over, which tells how far watches have to come.
    private func markTheEnd() async throws {
        while !self.witness.isOver { try await Task.sleep(for: .milliseconds(50)) }
        // What has begun before may still write for as long as a call takes.
        try await Task.sleep(for: self.witness.requestTimeout + .seconds(1))
        var markers: [String: Int64] = [:]
        for prefix in Self.prefixes {
            for attempt in 0..<100 where markers[prefix] == nil {
                let key = prefix + "end"
                let value = "end of \(prefix) \(attempt)"
                let outcome = await self.witness.write(
                    "marker",
                    value,
                    keys: [key],
                    by: self.direct
                ) {
                    try await self.direct.put(key, value).header.revision
                }
                if case .done(let revision?) = outcome {
                    markers[prefix] = revision.rawValue
                } else {
                    try await Task.sleep(for: .milliseconds(200))
                }
            }
        }
        markers[""] = markers.values.max()
        self.witness.update { [markers] in $0.markers = markers }
    }
}
