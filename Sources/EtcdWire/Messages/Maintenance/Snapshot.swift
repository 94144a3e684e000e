// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Asks a member for a copy of its store.
package struct SnapshotRequest: EmptyMessage {
    package init() {}
}

/// A piece of a copy of a member's store.
package struct SnapshotResponse: StoreResponse {
    package var header: ResponseHeader?
    package var remainingBytes: UInt64 = 0
    package var blob: [UInt8] = []
    package var version = ""

    package init() {}

    package init(
        header: ResponseHeader? = nil,
        remainingBytes: UInt64 = 0,
        blob: [UInt8] = [],
        version: String = ""
    ) {
        self.header = header
        self.remainingBytes = remainingBytes
        self.blob = blob
        self.version = version
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.remainingBytes)
        encoder.write(3, self.blob)
        encoder.write(4, self.version)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.remainingBytes)
        case 3: try decoder.read(&self.blob)
        case 4: try decoder.read(&self.version)
        default: try decoder.skip()
        }
    }
}
