// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

struct ServiceRecordTests {
    private func record(_ target: String, _ priority: UInt16, _ weight: UInt16) -> ServiceRecord {
        ServiceRecord(
            priority: priority,
            weight: weight,
            port: 2379,
            target: target,
            timeToLive: .seconds(1)
        )
    }

    @Test func lowerPrioritiesComeFirst() {
        var random = SeededGenerator(seed: 1)
        let records = [
            self.record("c", 20, 9), self.record("a", 0, 0), self.record("d", 65_535, 65_535),
            self.record("b", 5, 1),
        ]
        for _ in 0..<50 {
            let order = records.shuffled(using: &random).ordered(using: &random)
            #expect(order.map(\.target) == ["a", "b", "c", "d"])
        }
        #expect([ServiceRecord]().ordered(using: &random) == [])
    }

    @Test func theWeightIsTheChanceToComeFirst() {
        var random = SeededGenerator(seed: 2)
        let records = [
            self.record("often", 1, 60), self.record("rarely", 1, 20), self.record("last", 1, 20),
            self.record("hardly", 1, 0),
        ]
        var first: [String: Int] = [:]
        for _ in 0..<2000 {
            let order = records.ordered(using: &random)
            #expect(Set(order) == Set(records) && order.count == 4)
            first[order[0].target, default: 0] += 1
        }
        #expect((1000...1400).contains(first["often"] ?? 0))
        #expect((300...500).contains(first["rarely"] ?? 0))
        // Not never, or it would get no calls beside others.
        #expect((1...80).contains(first["hardly"] ?? 0))
    }
}
