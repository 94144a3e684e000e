// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Reads the keys of a range.
package struct RangeRequest: WireMessage {
    /// The direction of the order.
    package struct SortOrder: WireEnum {
        package static let none = Self(rawValue: 0)
        package static let ascend = Self(rawValue: 1)
        package static let descend = Self(rawValue: 2)

        package let rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }
    }

    /// What the order goes by.
    package struct SortTarget: WireEnum {
        package static let key = Self(rawValue: 0)
        package static let version = Self(rawValue: 1)
        package static let create = Self(rawValue: 2)
        package static let mod = Self(rawValue: 3)
        package static let value = Self(rawValue: 4)

        package let rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }
    }

    package var key: [UInt8] = []
    package var rangeEnd: [UInt8] = []
    package var limit: Int64 = 0
    package var revision: Int64 = 0
    package var sortOrder = SortOrder.none
    package var sortTarget = SortTarget.key
    package var serializable = false
    package var keysOnly = false
    package var countOnly = false
    package var minModRevision: Int64 = 0
    package var maxModRevision: Int64 = 0
    package var minCreateRevision: Int64 = 0
    package var maxCreateRevision: Int64 = 0

    package init() {}

    package init(
        key: [UInt8] = [],
        rangeEnd: [UInt8] = [],
        limit: Int64 = 0,
        revision: Int64 = 0,
        sortOrder: SortOrder = .none,
        sortTarget: SortTarget = .key,
        serializable: Bool = false,
        keysOnly: Bool = false,
        countOnly: Bool = false,
        minModRevision: Int64 = 0,
        maxModRevision: Int64 = 0,
        minCreateRevision: Int64 = 0,
        maxCreateRevision: Int64 = 0
    ) {
        self.key = key
        self.rangeEnd = rangeEnd
        self.limit = limit
        self.revision = revision
        self.sortOrder = sortOrder
        self.sortTarget = sortTarget
        self.serializable = serializable
        self.keysOnly = keysOnly
        self.countOnly = countOnly
        self.minModRevision = minModRevision
        self.maxModRevision = maxModRevision
        self.minCreateRevision = minCreateRevision
        self.maxCreateRevision = maxCreateRevision
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.key)
        encoder.write(2, self.rangeEnd)
        encoder.write(3, self.limit)
        encoder.write(4, self.revision)
        encoder.write(5, self.sortOrder)
        encoder.write(6, self.sortTarget)
        encoder.write(7, self.serializable)
        encoder.write(8, self.keysOnly)
        encoder.write(9, self.countOnly)
        encoder.write(10, self.minModRevision)
        encoder.write(11, self.maxModRevision)
        encoder.write(12, self.minCreateRevision)
        encoder.write(13, self.maxCreateRevision)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.key)
        case 2: try decoder.read(&self.rangeEnd)
        case 3: try decoder.read(&self.limit)
        case 4: try decoder.read(&self.revision)
        case 5: try decoder.read(&self.sortOrder)
        case 6: try decoder.read(&self.sortTarget)
        case 7: try decoder.read(&self.serializable)
        case 8: try decoder.read(&self.keysOnly)
        case 9: try decoder.read(&self.countOnly)
        case 10: try decoder.read(&self.minModRevision)
        case 11: try decoder.read(&self.maxModRevision)
        case 12: try decoder.read(&self.minCreateRevision)
        case 13: try decoder.read(&self.maxCreateRevision)
        default: try decoder.skip()
        }
    }
}

/// The keys of a range, or how many there are.
package struct RangeResponse: StoreResponse {
    package var header: ResponseHeader?
    package var kvs: [KeyValue] = []
    package var more = false
    package var count: Int64 = 0

    package init() {}

    package init(
        header: ResponseHeader? = nil,
        kvs: [KeyValue] = [],
        more: Bool = false,
        count: Int64 = 0
    ) {
        self.header = header
        self.kvs = kvs
        self.more = more
        self.count = count
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.kvs)
        encoder.write(3, self.more)
        encoder.write(4, self.count)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.kvs)
        case 3: try decoder.read(&self.more)
        case 4: try decoder.read(&self.count)
        default: try decoder.skip()
        }
    }
}

/// A part of a range that the server sends in pieces.
package struct RangeStreamResponse: WireMessage {
    package var rangeResponse: RangeResponse?

    package init() {}

    package init(rangeResponse: RangeResponse? = nil) {
        self.rangeResponse = rangeResponse
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.rangeResponse)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.rangeResponse)
        default: try decoder.skip()
        }
    }
}
