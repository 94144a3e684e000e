// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Testing

@testable import RollingLock

@Suite struct TicketKeysTests {
    private let lease = EtcdLeaseID(rawValue: 1)

    @Test func aKeyIsGivenToOneTicketAtATime() {
        var keys = TicketKeys()
        #expect(keys.take(for: self.lease) == nil)
        keys.give("a", of: self.lease)
        keys.give("b", of: self.lease)
        let taken = [keys.take(for: self.lease), keys.take(for: self.lease)]
        #expect(Set(taken) == ["a", "b"])
        #expect(keys.take(for: self.lease) == nil)
    }

    @Test func keysOfAnotherLeaseAreForgotten() {
        var keys = TicketKeys()
        keys.give("a", of: self.lease)
        #expect(keys.take(for: EtcdLeaseID(rawValue: 2)) == nil)
        keys.give("b", of: EtcdLeaseID(rawValue: 2))
        #expect(keys.take(for: self.lease) == nil)
        #expect(keys.take(for: EtcdLeaseID(rawValue: 2)) == "b")
    }
}
