// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitAllocationCounter
import EtcdWire

/// Prints how many blocks of memory it takes to decode a range response, or -1 if they cannot be
/// counted.
///
/// A process of its own, because the counter takes the place of malloc. Arguments: how many keys, and
/// how many bytes each value has.
@main
enum AllocationProbe {
    static func main() throws {
        let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        guard numbers.count == 2 else { throw ProbeFailure.argumentsExpected }
        let bytes = self.response(keys: numbers[0], valueBytes: numbers[1]).serialized()
        // The first time, the runtime sets up what it keeps.
        _ = try self.blocks(decoding: bytes)
        print(try self.blocks(decoding: bytes))
    }

    private static func blocks(decoding bytes: [UInt8]) throws -> Int {
        let before = CEtcdKitAllocationCounter_count()
        let response = try RangeResponse(serialized: bytes)
        let after = CEtcdKitAllocationCounter_count()
        guard response.kvs.count == response.count else { throw ProbeFailure.notDecoded }
        return before < 0 ? -1 : after - before
    }

    private static func response(keys: Int, valueBytes: Int) -> RangeResponse {
        RangeResponse(
            header: ResponseHeader(clusterID: 1, memberID: 2, revision: 1_234_567, raftTerm: 3),
            kvs: (0..<keys).map { index in
                KeyValue(
                    key: Array("/registry/pods/default/worker-\(index)".utf8),
                    createRevision: 1_000_000,
                    modRevision: 1_200_000,
                    version: 3,
                    value: [UInt8](repeating: 1, count: valueBytes),
                    lease: 0x3269_63a8_d50e_5a05
                )
            },
            count: Int64(keys)
        )
    }
}

enum ProbeFailure: Error {
    case argumentsExpected
    case notDecoded
}
