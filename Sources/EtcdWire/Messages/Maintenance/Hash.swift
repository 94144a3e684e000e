// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Asks for the hash of a member's whole store.
package struct HashRequest: EmptyMessage {
    package init() {}
}

/// The hash of a member's whole store.
package struct HashResponse: StoreResponse {
    package var header: ResponseHeader?
    package var hash: UInt32 = 0

    package init() {}

    package init(header: ResponseHeader? = nil, hash: UInt32 = 0) {
        self.header = header
        self.hash = hash
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.hash)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.hash)
        default: try decoder.skip()
        }
    }
}

/// Asks for the hash of a member's keys up to a revision.
package struct HashKVRequest: WireMessage {
    package var revision: Int64 = 0

    package init() {}

    package init(revision: Int64 = 0) {
        self.revision = revision
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.revision)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.revision)
        default: try decoder.skip()
        }
    }
}

/// The hash of a member's keys, and the revisions it covers.
package struct HashKVResponse: StoreResponse {
    package var header: ResponseHeader?
    package var hash: UInt32 = 0
    package var compactRevision: Int64 = 0
    package var hashRevision: Int64 = 0

    package init() {}

    package init(
        header: ResponseHeader? = nil,
        hash: UInt32 = 0,
        compactRevision: Int64 = 0,
        hashRevision: Int64 = 0
    ) {
        self.header = header
        self.hash = hash
        self.compactRevision = compactRevision
        self.hashRevision = hashRevision
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.hash)
        encoder.write(3, self.compactRevision)
        encoder.write(4, self.hashRevision)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.hash)
        case 3: try decoder.read(&self.compactRevision)
        case 4: try decoder.read(&self.hashRevision)
        default: try decoder.skip()
        }
    }
}
