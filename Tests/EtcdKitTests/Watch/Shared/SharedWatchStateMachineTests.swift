// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdKit

@Suite
struct SharedWatchStateMachineTests {
    @Test
    func theSourceIsOpenedForTheFirstAndClosedWithTheLast() {
        var machine = SharedWatchStateMachine()
        #expect(machine.join() == .init(member: 1, action: .open(generation: 1)))
        #expect(machine.join() == .init(member: 2, action: .wait))
        #expect(machine.opened(1) == [1, 2])
        #expect(machine.join() == .init(member: 3, action: .begin))
        #expect(machine.leave(1) == .none)
        #expect(machine.leave(3) == .none)
        #expect(machine.leave(3) == .none)
        #expect(machine.leave(2) == .close)
        #expect(machine.leave(2) == .none)
        #expect(machine.isCurrent(1) == false)
    }

    @Test
    func aSourceThatIsNotWantedAnyMoreReachesNobody() {
        var machine = SharedWatchStateMachine()
        _ = machine.join()
        #expect(machine.leave(1) == .close)
        #expect(machine.join() == .init(member: 2, action: .open(generation: 2)))
        #expect(machine.opened(1) == [])
        #expect(machine.ended(1) == [])
        #expect(machine.isCurrent(2) == true)
        #expect(machine.opened(2) == [2])
    }

    @Test
    func theEndOfTheSourceConcernsAllAndTheNextOneOpensItAnew() {
        var machine = SharedWatchStateMachine()
        _ = machine.join()
        _ = machine.opened(1)
        _ = machine.join()
        #expect(machine.ended(1) == [1, 2])
        #expect(machine.leave(1) == .none)
        #expect(machine.join() == .init(member: 3, action: .open(generation: 2)))
    }

    @Test
    func aSourceThatCannotBeOpenedFailsThoseWhoWait() {
        var machine = SharedWatchStateMachine()
        _ = machine.join()
        #expect(machine.ended(1) == [1])
        #expect(machine.opened(1) == [])
    }
}
