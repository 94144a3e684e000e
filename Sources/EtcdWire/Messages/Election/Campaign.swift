// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Proof of leadership in an election that the server implements.
package struct LeaderKey: WireMessage {
    package var name: [UInt8] = []
    package var key: [UInt8] = []
    package var revision: Int64 = 0
    package var lease: Int64 = 0

    package init() {}

    package init(name: [UInt8] = [], key: [UInt8] = [], revision: Int64 = 0, lease: Int64 = 0) {
        self.name = name
        self.key = key
        self.revision = revision
        self.lease = lease
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.name)
        encoder.write(2, self.key)
        encoder.write(3, self.revision)
        encoder.write(4, self.lease)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.name)
        case 2: try decoder.read(&self.key)
        case 3: try decoder.read(&self.revision)
        case 4: try decoder.read(&self.lease)
        default: try decoder.skip()
        }
    }
}

/// Waits to be the leader.
package struct CampaignRequest: WireMessage {
    package var name: [UInt8] = []
    package var lease: Int64 = 0
    package var value: [UInt8] = []

    package init() {}

    package init(name: [UInt8] = [], lease: Int64 = 0, value: [UInt8] = []) {
        self.name = name
        self.lease = lease
        self.value = value
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.name)
        encoder.write(2, self.lease)
        encoder.write(3, self.value)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.name)
        case 2: try decoder.read(&self.lease)
        case 3: try decoder.read(&self.value)
        default: try decoder.skip()
        }
    }
}

/// The leadership that was won.
package struct CampaignResponse: StoreResponse {
    package var header: ResponseHeader?
    package var leader: LeaderKey?

    package init() {}

    package init(header: ResponseHeader? = nil, leader: LeaderKey? = nil) {
        self.header = header
        self.leader = leader
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.leader)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.leader)
        default: try decoder.skip()
        }
    }
}
