// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdTransport
import Testing

struct EndpointPickerTests {
    private let start = ContinuousClock.now

    @Test
    func endpointsComeInOrderFromTheStart() {
        let picker = EndpointPicker(count: 3, start: 1)
        #expect(picker.next(excluding: [], now: self.start) == 1)
        #expect(picker.next(excluding: [1], now: self.start) == 2)
        #expect(picker.next(excluding: [1, 2], now: self.start) == 0)
        #expect(picker.next(excluding: [0, 1, 2], now: self.start) == nil)
    }

    @Test
    func aFailedEndpointComesLastUntilItWorksOrTimePasses() {
        var picker = EndpointPicker(count: 2, start: 0)
        picker.failed(0, with: .refused, at: self.start)
        #expect(picker.next(excluding: [], now: self.start) == 1)
        #expect(picker.failure(of: 0) == .refused)

        #expect(picker.next(excluding: [], now: self.start + EndpointPicker.memory) == 0)

        picker.succeeded(0)
        #expect(picker.next(excluding: [], now: self.start) == 0)
        #expect(picker.failure(of: 0) == nil)
    }

    @Test
    func ofFailedEndpointsTheOldestFailureComesFirst() {
        var picker = EndpointPicker(count: 3, start: 0)
        picker.failed(1, with: .refused, at: self.start)
        picker.failed(2, with: .refused, at: self.start + .seconds(1))
        picker.failed(0, with: .refused, at: self.start + .seconds(2))
        let now = self.start + .seconds(3)
        #expect(picker.next(excluding: [], now: now) == 1)
        #expect(picker.next(excluding: [1], now: now) == 2)
        #expect(picker.next(excluding: [1, 2], now: now) == 0)
    }

    @Test
    func aSuspectIsAvoidedWithoutAFailureOfItsOwn() {
        var picker = EndpointPicker(count: 2, start: 0)
        picker.suspect(0, at: self.start)
        #expect(picker.next(excluding: [], now: self.start) == 1)
        #expect(picker.failure(of: 0) == nil)
    }
}
