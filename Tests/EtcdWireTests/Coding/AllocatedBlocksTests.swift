// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct AllocatedBlocksTests {
    /// A block for each key and each value, and one for the array they stand in.
    @Test(arguments: [1, 1000], [1, 1024])
    func decodedRangeTakesABlockForEachKeyAndValue(keys: Int, valueBytes: Int) async throws {
        let output = try await ChildProcess.run(
            BuiltProgram.allocationProbe,
            ["\(keys)", "\(valueBytes)"]
        )
        let blocks = try #require(Int(output.standardOutput.dropLast()), "\(output)")
        // Sanitizers bring a heap of their own, in which nothing is counted.
        guard blocks != -1 else { return }
        #expect(blocks <= 2 * keys + 1)
        #expect(blocks >= 2 * keys, "the probe does not see each block")
    }
}
