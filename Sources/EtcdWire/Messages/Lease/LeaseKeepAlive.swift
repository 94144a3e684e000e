// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Renews a lease.
package struct LeaseKeepAliveRequest: WireMessage {
    package var id: Int64 = 0

    package init() {}

    package init(id: Int64 = 0) {
        self.id = id
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.id)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.id)
        default: try decoder.skip()
        }
    }
}

/// The renewed lease; a time to live of 0 says that it is gone.
package struct LeaseKeepAliveResponse: StoreResponse {
    package var header: ResponseHeader?
    package var id: Int64 = 0
    package var ttl: Int64 = 0

    package init() {}

    package init(header: ResponseHeader? = nil, id: Int64 = 0, ttl: Int64 = 0) {
        self.header = header
        self.id = id
        self.ttl = ttl
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.id)
        encoder.write(3, self.ttl)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.id)
        case 3: try decoder.read(&self.ttl)
        default: try decoder.skip()
        }
    }
}
