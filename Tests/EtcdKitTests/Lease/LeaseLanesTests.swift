// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdKit

@Suite
struct LeaseLanesTests {
    private static func ids(_ range: ClosedRange<Int64>) -> [EtcdLeaseID] {
        range.map { EtcdLeaseID($0) }
    }

    @Test
    func leasesShareAStreamUntilItHasMany() {
        var lanes = LeaseLanes()
        for id in Self.ids(1...65) { lanes.add(id, isSeparate: false) }
        #expect(lanes[EtcdLeaseID(1)] == .shared(0))
        #expect(lanes[EtcdLeaseID(64)] == .shared(0))
        #expect(lanes[EtcdLeaseID(65)] == .shared(1))
    }

    @Test
    func thereAreNeverManyStreams() {
        var lanes = LeaseLanes()
        for id in Self.ids(1...900) { lanes.add(id, isSeparate: false) }
        for id in Self.ids(901...1000) { lanes.add(id, isSeparate: true) }
        for id in Self.ids(1...200) { _ = lanes.moveAside(id) }
        let used = Set(Self.ids(1...1000).compactMap { lanes[$0] })
        #expect(used.count == 3 + 4 + 2)
    }

    @Test
    func aSeparateLeaseIsAloneWhileThereAreStreams() {
        var lanes = LeaseLanes()
        lanes.add(EtcdLeaseID(1), isSeparate: false)
        for id in Self.ids(2...6) { lanes.add(id, isSeparate: true) }
        #expect(Set(Self.ids(2...5).compactMap { lanes[$0] }).count == 4)
        #expect(Self.ids(2...5).allSatisfy { lanes[$0] != lanes[EtcdLeaseID(1)] })
        // The fifth joins one of them, and the place of one that has left is taken again.
        #expect(lanes[EtcdLeaseID(6)].map { lanes.count(on: $0) } == 2)
        let place = lanes[EtcdLeaseID(3)]
        #expect(lanes.remove(EtcdLeaseID(3)) == place)
        lanes.add(EtcdLeaseID(7), isSeparate: true)
        #expect(lanes[EtcdLeaseID(7)] == place)
    }

    @Test
    func aLeaseMovedAsideComesHomeAndEmptyLanesAreTold() {
        var lanes = LeaseLanes()
        lanes.add(EtcdLeaseID(1), isSeparate: false)
        lanes.add(EtcdLeaseID(2), isSeparate: false)
        #expect(lanes.moveHome(EtcdLeaseID(1)) == nil)
        #expect(lanes.moveAside(EtcdLeaseID(1)) == nil)
        #expect(lanes[EtcdLeaseID(1)] == .aside(0))
        #expect(lanes.moveAside(EtcdLeaseID(2)) == .shared(0))
        #expect(lanes[EtcdLeaseID(2)] == .aside(1))
        #expect(lanes.moveHome(EtcdLeaseID(1)) == .aside(0))
        #expect(lanes[EtcdLeaseID(1)] == .shared(0))
        #expect(lanes.remove(EtcdLeaseID(2)) == .aside(1))
        #expect(lanes.remove(EtcdLeaseID(2)) == nil)
        #expect(lanes[EtcdLeaseID(2)] == nil)
    }
}
