// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Ends a lease and deletes its keys.
package struct LeaseRevokeRequest: WireMessage {
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

/// Answer to the end of a lease.
package struct LeaseRevokeResponse: HeaderOnlyMessage {
    package var header: ResponseHeader?

    package init(header: ResponseHeader? = nil) {
        self.header = header
    }
}
