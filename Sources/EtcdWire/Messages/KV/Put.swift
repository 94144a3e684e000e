// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Writes one key.
package struct PutRequest: WireMessage {
    package var key: [UInt8] = []
    package var value: [UInt8] = []
    package var lease: Int64 = 0
    package var prevKV = false
    package var ignoreValue = false
    package var ignoreLease = false

    package init() {}

    package init(
        key: [UInt8] = [],
        value: [UInt8] = [],
        lease: Int64 = 0,
        prevKV: Bool = false,
        ignoreValue: Bool = false,
        ignoreLease: Bool = false
    ) {
        self.key = key
        self.value = value
        self.lease = lease
        self.prevKV = prevKV
        self.ignoreValue = ignoreValue
        self.ignoreLease = ignoreLease
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.key)
        encoder.write(2, self.value)
        encoder.write(3, self.lease)
        encoder.write(4, self.prevKV)
        encoder.write(5, self.ignoreValue)
        encoder.write(6, self.ignoreLease)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.key)
        case 2: try decoder.read(&self.value)
        case 3: try decoder.read(&self.lease)
        case 4: try decoder.read(&self.prevKV)
        case 5: try decoder.read(&self.ignoreValue)
        case 6: try decoder.read(&self.ignoreLease)
        default: try decoder.skip()
        }
    }
}

/// Answer to a put, with what the key was before if that was asked for.
package struct PutResponse: StoreResponse {
    package var header: ResponseHeader?
    package var prevKV: KeyValue?

    package init() {}

    package init(header: ResponseHeader? = nil, prevKV: KeyValue? = nil) {
        self.header = header
        self.prevKV = prevKV
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.prevKV)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.prevKV)
        default: try decoder.skip()
        }
    }
}
