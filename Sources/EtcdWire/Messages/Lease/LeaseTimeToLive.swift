// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Asks how long a lease has left, and for its keys.
package struct LeaseTimeToLiveRequest: WireMessage {
    package var id: Int64 = 0
    package var keys = false

    package init() {}

    package init(id: Int64 = 0, keys: Bool = false) {
        self.id = id
        self.keys = keys
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.id)
        encoder.write(2, self.keys)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.id)
        case 2: try decoder.read(&self.keys)
        default: try decoder.skip()
        }
    }
}

/// What a lease has left, what it was granted, and its keys.
package struct LeaseTimeToLiveResponse: StoreResponse {
    package var header: ResponseHeader?
    package var id: Int64 = 0
    package var ttl: Int64 = 0
    package var grantedTTL: Int64 = 0
    package var keys: [[UInt8]] = []

    package init() {}

    package init(
        header: ResponseHeader? = nil,
        id: Int64 = 0,
        ttl: Int64 = 0,
        grantedTTL: Int64 = 0,
        keys: [[UInt8]] = []
    ) {
        self.header = header
        self.id = id
        self.ttl = ttl
        self.grantedTTL = grantedTTL
        self.keys = keys
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.id)
        encoder.write(3, self.ttl)
        encoder.write(4, self.grantedTTL)
        encoder.write(5, self.keys)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.id)
        case 3: try decoder.read(&self.ttl)
        case 4: try decoder.read(&self.grantedTTL)
        case 5: try decoder.read(&self.keys)
        default: try decoder.skip()
        }
    }
}
