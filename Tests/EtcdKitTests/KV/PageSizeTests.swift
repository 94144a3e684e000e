// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdKit

struct PageSizeTests {
    @Test
    func pagesGrowStepByStepTowardsTheTarget() {
        var size = PageSize(maximumCount: 10_000, targetByteCount: 100_000)
        var limits = [size.limit]
        for _ in 0..<4 {
            size.arrived(count: size.limit, byteCount: size.limit * 100)
            limits.append(size.limit)
        }
        #expect(limits == [16, 64, 256, 1000, 1000])
    }

    @Test
    func noPageHasMoreKeysThanAllowed() {
        var size = PageSize(maximumCount: 20, targetByteCount: 100_000)
        size.arrived(count: 16, byteCount: 16)
        #expect(size.limit == 20)
        #expect(PageSize(maximumCount: 3, targetByteCount: 1).limit == 3)
        var endless = PageSize(maximumCount: .max, targetByteCount: .max)
        for _ in 0..<100 { endless.arrived(count: 1, byteCount: 1) }
        #expect(endless.limit == .max)
    }

    @Test
    func largeValuesMakePagesShortAtOnce() {
        var size = PageSize(maximumCount: 10_000, targetByteCount: 100_000)
        for _ in 0..<5 { size.arrived(count: size.limit, byteCount: size.limit * 100) }
        size.arrived(count: 1000, byteCount: 1000 * 10_000)
        #expect(size.limit == 10)
        // And small ones make them long little by little.
        size.arrived(count: 10, byteCount: 10 * 100)
        #expect(size.limit == 13)
    }

    @Test
    func aValueLargerThanTheTargetIsReadAlone() {
        var size = PageSize(maximumCount: 10_000, targetByteCount: 1000)
        size.arrived(count: 16, byteCount: 16 * 50_000)
        #expect(size.limit == 1)
    }

    @Test
    func aPageThatWasTooLargeIsAskedForInPartsUntilThereAreNone() {
        var size = PageSize(maximumCount: 10_000, targetByteCount: 1 << 20)
        var limits: [Int] = []
        while size.wasTooLarge() { limits.append(size.limit) }
        #expect(limits == [2, 1])
    }

    @Test
    func anEmptyPageTellsNothing() {
        var size = PageSize(maximumCount: 100, targetByteCount: 1000)
        let before = size
        size.arrived(count: 0, byteCount: 0)
        #expect(size == before)
    }
}
