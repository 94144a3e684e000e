// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdTransport
import Testing

struct EndpointPickerTests {
    private let start = ContinuousClock.now

    @Test
    func endpointsComeInOrderFromTheStart() {
        let picker = EndpointPicker(count: 3, start: 1)
        #expect(picker.next(excluding: [], now: self.start) == .numbered(1))
        #expect(picker.next(excluding: [.numbered(1)], now: self.start) == .numbered(2))
        #expect(
            picker.next(excluding: [.numbered(1), .numbered(2)], now: self.start) == .numbered(0)
        )
        #expect(
            picker.next(excluding: [.numbered(0), .numbered(1), .numbered(2)], now: self.start)
                == nil
        )
    }

    @Test
    func aFailedEndpointComesLastUntilItWorksOrTimePasses() {
        var picker = EndpointPicker(count: 2, start: 0)
        picker.failed(.numbered(0), with: .refused, at: self.start)
        #expect(picker.next(excluding: [], now: self.start) == .numbered(1))
        #expect(picker.failure(of: .numbered(0)) == .refused)

        #expect(picker.next(excluding: [], now: self.start + EndpointPicker.memory) == .numbered(0))

        picker.succeeded(.numbered(0))
        #expect(picker.next(excluding: [], now: self.start) == .numbered(0))
        #expect(picker.failure(of: .numbered(0)) == nil)
    }

    @Test
    func ofFailedEndpointsTheOldestFailureComesFirst() {
        var picker = EndpointPicker(count: 3, start: 0)
        picker.failed(.numbered(1), with: .refused, at: self.start)
        picker.failed(.numbered(2), with: .refused, at: self.start + .seconds(1))
        picker.failed(.numbered(0), with: .refused, at: self.start + .seconds(2))
        let now = self.start + .seconds(3)
        #expect(picker.next(excluding: [], now: now) == .numbered(1))
        #expect(picker.next(excluding: [.numbered(1)], now: now) == .numbered(2))
        #expect(picker.next(excluding: [.numbered(1), .numbered(2)], now: now) == .numbered(0))
    }

    @Test
    func aSuspectIsAvoidedWithoutAFailureOfItsOwn() {
        var picker = EndpointPicker(count: 2, start: 0)
        picker.suspect(.numbered(0), at: self.start)
        #expect(picker.next(excluding: [], now: self.start) == .numbered(1))
        #expect(picker.failure(of: .numbered(0)) == nil)
    }

    @Test
    func aNewListKeepsTheStartAndTheMemoryOfThoseThatStay() {
        var picker = EndpointPicker(count: 3, start: 1)
        picker.failed(.numbered(1), with: .refused, at: self.start)
        picker.failed(.numbered(2), with: .refused, at: self.start)
        picker.replace(with: [.numbered(0), .numbered(1), .numbered(3)])
        #expect(picker.endpoints == [.numbered(0), .numbered(1), .numbered(3)])
        #expect(picker.failure(of: .numbered(1)) == .refused)
        #expect(picker.next(excluding: [], now: self.start) == .numbered(3))
        picker.succeeded(.numbered(1))
        #expect(picker.next(excluding: [], now: self.start) == .numbered(1))
        // One that comes back comes as new.
        picker.replace(with: [.numbered(2)])
        #expect(picker.failure(of: .numbered(2)) == nil)
        #expect(picker.next(excluding: [], now: self.start) == .numbered(2))
    }

    @Test
    func whatIsSaidOfAnEndpointThatIsGoneIsIgnored() {
        var picker = EndpointPicker(count: 2, start: 0)
        picker.replace(with: [.numbered(1)])
        picker.failed(.numbered(0), with: .refused, at: self.start)
        picker.suspect(.numbered(0), at: self.start)
        picker.replace(with: [.numbered(0), .numbered(1)])
        #expect(picker.failure(of: .numbered(0)) == nil)
        // The start is where it was put when the first one left.
        #expect(picker.next(excluding: [], now: self.start) == .numbered(1))
    }
}
