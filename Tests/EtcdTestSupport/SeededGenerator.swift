// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Random numbers that a test can have again: print the seed, and give it back to see the same run.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    package let seed: UInt64
    private var state: UInt64

    package init(seed: UInt64 = .random(in: 0...UInt64.max)) {
        self.seed = seed
        self.state = seed
    }

    // SplitMix64.
    package mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
