// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Asks for all leases.
package struct LeaseLeasesRequest: EmptyMessage {
    package init() {}
}

/// A lease in the list of all leases.
package struct LeaseStatus: WireMessage {
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

/// All leases.
package struct LeaseLeasesResponse: StoreResponse {
    package var header: ResponseHeader?
    package var leases: [LeaseStatus] = []

    package init() {}

    package init(header: ResponseHeader? = nil, leases: [LeaseStatus] = []) {
        self.header = header
        self.leases = leases
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.leases)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.leases)
        default: try decoder.skip()
        }
    }
}
