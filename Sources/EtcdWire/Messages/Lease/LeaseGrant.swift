// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Asks for a lease.
package struct LeaseGrantRequest: WireMessage {
    package var ttl: Int64 = 0
    package var id: Int64 = 0

    package init() {}

    package init(ttl: Int64 = 0, id: Int64 = 0) {
        self.ttl = ttl
        self.id = id
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.ttl)
        encoder.write(2, self.id)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.ttl)
        case 2: try decoder.read(&self.id)
        default: try decoder.skip()
        }
    }
}

/// The lease that was granted.
package struct LeaseGrantResponse: StoreResponse {
    package var header: ResponseHeader?
    package var id: Int64 = 0
    package var ttl: Int64 = 0
    package var error = ""

    package init() {}

    package init(header: ResponseHeader? = nil, id: Int64 = 0, ttl: Int64 = 0, error: String = "") {
        self.header = header
        self.id = id
        self.ttl = ttl
        self.error = error
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.id)
        encoder.write(3, self.ttl)
        encoder.write(4, self.error)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.id)
        case 3: try decoder.read(&self.ttl)
        case 4: try decoder.read(&self.error)
        default: try decoder.skip()
        }
    }
}
