// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Waits for the lock that the server implements.
package struct LockRequest: WireMessage {
    package var name: [UInt8] = []
    package var lease: Int64 = 0

    package init() {}

    package init(name: [UInt8] = [], lease: Int64 = 0) {
        self.name = name
        self.lease = lease
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.name)
        encoder.write(2, self.lease)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.name)
        case 2: try decoder.read(&self.lease)
        default: try decoder.skip()
        }
    }
}

/// The key that stands for the held lock.
package struct LockResponse: StoreResponse {
    package var header: ResponseHeader?
    package var key: [UInt8] = []

    package init() {}

    package init(header: ResponseHeader? = nil, key: [UInt8] = []) {
        self.header = header
        self.key = key
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.key)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.key)
        default: try decoder.skip()
        }
    }
}

/// Gives a held lock back.
package struct UnlockRequest: WireMessage {
    package var key: [UInt8] = []

    package init() {}

    package init(key: [UInt8] = []) {
        self.key = key
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.key)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.key)
        default: try decoder.skip()
        }
    }
}

/// Answer to a lock that was given back.
package struct UnlockResponse: HeaderOnlyMessage {
    package var header: ResponseHeader?

    package init(header: ResponseHeader? = nil) {
        self.header = header
    }
}
