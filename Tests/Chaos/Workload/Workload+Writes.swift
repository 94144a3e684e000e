// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport

extension Workload {
    /// Puts to a key that nobody deletes: its version counts the puts.
    func count(_ number: Int, _ generator: SeededGenerator) async throws {
        var generator = generator
        var count = 0
        while !self.witness.isOver {
            count += 1
            // Two share a key.
            let key = "\(Self.counterPrefix)\(number / 2)"
            let value = "\(key) \(number).\(count)"
            let client = self.client(number)
            let outcome = await self.witness.write("put", value, keys: [key], by: client) {
                try await client.put(key, value).header.revision
            }
            switch outcome {
            case .done: self.witness.update { $0.counters.acknowledged(key) }
            case .ambiguous: self.witness.update { $0.counters.ambiguous(key) }
            case .failed: break
            }
            try await self.rest(10...80, &generator)
        }
    }

    /// Appends to a list, each time on the condition that it is as it was read.
    func append(_ number: Int, _ generator: SeededGenerator) async throws {
        var generator = generator
        var lists = 0
        while !self.witness.isOver {
            lists += 1
            let key = "\(Self.listPrefix)\(number)/\(lists)"
            var ledger = AppendLedger()
            for element in 0..<40 where !self.witness.isOver {
                await self.append("\(element)", to: key, number, &ledger)
                try await self.rest(10...120, &generator)
            }
            if case .done(let response) = await self.witness.read("get", self.client(number), key) {
                let list = response.keyValues.first?.value.elements ?? []
                self.witness.report(ledger.check(list, isOrdered: true))
            }
        }
    }

    private func append(
        _ element: String,
        to key: String,
        _ number: Int,
        _ ledger: inout AppendLedger
    ) async {
        let client = self.client(number)
        guard case .done(let response) = await self.witness.read("get", client, key) else { return }
        let found = response.keyValues.first
        let value = "\(found.map { $0.value.text } ?? key) \(element)"
        let outcome = await self.witness.write("exchange", value, keys: [key], by: client) {
            try await client.put(key, value, if: .unchanged(found)).response?.header.revision
        }
        switch outcome {
        case .done(_?): ledger.acknowledged(element)
        case .ambiguous: ledger.ambiguous(element)
        case .done(nil), .failed: break
        }
    }

    /// Puts the same value to several keys at once, some of it under conditions.
    func transact(_ number: Int, _ generator: SeededGenerator) async throws {
        var generator = generator
        var count = 0
        var lastRevision = EtcdRevision(1)
        while !self.witness.isOver {
            count += 1
            let value = "\(Self.transactionPrefix)\(number).\(count)"
            let keys = (0..<6).map { "\(Self.transactionPrefix)\($0)" }
                .shuffled(using: &generator).prefix(.random(in: 2...4, using: &generator))
            // True if nobody came in between.
            let condition = EtcdCompare.modRevision(of: keys[0], .less, lastRevision.next)
            let transaction = EtcdTransaction(
                when: Bool.random(using: &generator) ? [condition] : [],
                then: keys.map { .put($0, value) },
                otherwise: [.range(.prefix(Self.transactionPrefix))]
            )
            let client = self.client(number)
            let known = self.witness.known
            _ = await self.witness.write("transaction", value, keys: Set(keys), by: client) {
                let response = try await client.commit(transaction)
                lastRevision = response.header.revision
                if response.succeeded { return response.header.revision }
                let found = response.results.first?.rangeResponse?.keyValues ?? []
                self.witness.judge(
                    "the range of a transaction",
                    Self.transactionPrefix,
                    found,
                    at: response.header.revision,
                    floor: known
                )
                return nil
            }
            if count.isMultiple(of: 5) {
                let isSerializable = count.isMultiple(of: 10)
                let name = isSerializable ? "range, local" : "range"
                _ = await self.witness.read(
                    name,
                    client,
                    Self.transactionPrefix,
                    isSerializable: isSerializable
                )
            }
            try await self.rest(20...120, &generator)
        }
    }

    /// Compacts now and then, but nothing that is not recorded yet.
    func compact(_ generator: SeededGenerator) async throws {
        var generator = generator
        while !self.witness.isOver {
            try await self.rest(2000...6000, &generator)
            let (recorded, compacted) = self.witness.update { ($0.recorded, $0.compacted) }
            guard compacted + 20 < recorded - 20 else { continue }
            let revision = Int64.random(in: compacted + 20..<recorded - 20, using: &generator)
            self.witness.update { $0.compacted = revision }
            // A second attempt finds the first.
            let number = Int.random(in: 0..<3, using: &generator)
            _ = await self.witness.call("compact", writes: true) {
                try await self.client(number).compact(at: EtcdRevision(revision))
            }
        }
    }
}

extension EtcdBytes {
    /// The elements of a list: what follows its name.
    fileprivate var elements: [String] {
        self.text.split(separator: " ").dropFirst().map(String.init)
    }
}
