// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Asks who leads, once or for as long as the stream lasts.
package struct LeaderRequest: WireMessage {
    package var name: [UInt8] = []

    package init() {}

    package init(name: [UInt8] = []) {
        self.name = name
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.name)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.name)
        default: try decoder.skip()
        }
    }
}

/// The leader's key, with what it proclaims.
package struct LeaderResponse: StoreResponse {
    package var header: ResponseHeader?
    package var kv: KeyValue?

    package init() {}

    package init(header: ResponseHeader? = nil, kv: KeyValue? = nil) {
        self.header = header
        self.kv = kv
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.kv)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.kv)
        default: try decoder.skip()
        }
    }
}

/// Changes what the leader proclaims.
package struct ProclaimRequest: WireMessage {
    package var leader: LeaderKey?
    package var value: [UInt8] = []

    package init() {}

    package init(leader: LeaderKey? = nil, value: [UInt8] = []) {
        self.leader = leader
        self.value = value
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.leader)
        encoder.write(2, self.value)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.leader)
        case 2: try decoder.read(&self.value)
        default: try decoder.skip()
        }
    }
}

/// Answer to a proclamation.
package struct ProclaimResponse: HeaderOnlyMessage {
    package var header: ResponseHeader?

    package init(header: ResponseHeader? = nil) {
        self.header = header
    }
}

/// Gives leadership up.
package struct ResignRequest: WireMessage {
    package var leader: LeaderKey?

    package init() {}

    package init(leader: LeaderKey? = nil) {
        self.leader = leader
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.leader)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.leader)
        default: try decoder.skip()
        }
    }
}

/// Answer to a resignation.
package struct ResignResponse: HeaderOnlyMessage {
    package var header: ResponseHeader?

    package init(header: ResponseHeader? = nil) {
        self.header = header
    }
}
