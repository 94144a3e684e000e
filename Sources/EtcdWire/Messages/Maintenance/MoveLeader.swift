// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Makes another member the leader.
package struct MoveLeaderRequest: WireMessage {
    package var targetID: UInt64 = 0

    package init() {}

    package init(targetID: UInt64 = 0) {
        self.targetID = targetID
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.targetID)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.targetID)
        default: try decoder.skip()
        }
    }
}

/// Answer to a change of leader.
package struct MoveLeaderResponse: HeaderOnlyMessage {
    package var header: ResponseHeader?

    package init(header: ResponseHeader? = nil) {
        self.header = header
    }
}
