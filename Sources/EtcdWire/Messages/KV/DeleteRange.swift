// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Deletes the keys of a range.
package struct DeleteRangeRequest: WireMessage {
    package var key: [UInt8] = []
    package var rangeEnd: [UInt8] = []
    package var prevKV = false

    package init() {}

    package init(key: [UInt8] = [], rangeEnd: [UInt8] = [], prevKV: Bool = false) {
        self.key = key
        self.rangeEnd = rangeEnd
        self.prevKV = prevKV
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.key)
        encoder.write(2, self.rangeEnd)
        encoder.write(3, self.prevKV)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.key)
        case 2: try decoder.read(&self.rangeEnd)
        case 3: try decoder.read(&self.prevKV)
        default: try decoder.skip()
        }
    }
}

/// How many keys were deleted, and what they were if that was asked for.
package struct DeleteRangeResponse: StoreResponse {
    package var header: ResponseHeader?
    package var deleted: Int64 = 0
    package var prevKVs: [KeyValue] = []

    package init() {}

    package init(header: ResponseHeader? = nil, deleted: Int64 = 0, prevKVs: [KeyValue] = []) {
        self.header = header
        self.deleted = deleted
        self.prevKVs = prevKVs
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.deleted)
        encoder.write(3, self.prevKVs)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.deleted)
        case 3: try decoder.read(&self.prevKVs)
        default: try decoder.skip()
        }
    }
}
