// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What every response says about the member that answered and the store it answered from.
package struct ResponseHeader: WireMessage {
    package var clusterID: UInt64 = 0
    package var memberID: UInt64 = 0
    package var revision: Int64 = 0
    package var raftTerm: UInt64 = 0

    package init() {}

    package init(
        clusterID: UInt64 = 0,
        memberID: UInt64 = 0,
        revision: Int64 = 0,
        raftTerm: UInt64 = 0
    ) {
        self.clusterID = clusterID
        self.memberID = memberID
        self.revision = revision
        self.raftTerm = raftTerm
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.clusterID)
        encoder.write(2, self.memberID)
        encoder.write(3, self.revision)
        encoder.write(4, self.raftTerm)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.clusterID)
        case 2: try decoder.read(&self.memberID)
        case 3: try decoder.read(&self.revision)
        case 4: try decoder.read(&self.raftTerm)
        default: try decoder.skip()
        }
    }
}
