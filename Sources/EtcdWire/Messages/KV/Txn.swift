// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Does one list of operations if all conditions hold, the other one if not.
package struct TxnRequest: WireMessage {
    package var compare: [Compare] = []
    package var success: [RequestOp] = []
    package var failure: [RequestOp] = []

    package init() {}

    package init(compare: [Compare] = [], success: [RequestOp] = [], failure: [RequestOp] = []) {
        self.compare = compare
        self.success = success
        self.failure = failure
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.compare)
        encoder.write(2, self.success)
        encoder.write(3, self.failure)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.compare)
        case 2: try decoder.read(&self.success)
        case 3: try decoder.read(&self.failure)
        default: try decoder.skip()
        }
    }
}

/// Which list of operations was done, and the answer to each of them.
package struct TxnResponse: StoreResponse {
    package var header: ResponseHeader?
    package var succeeded = false
    package var responses: [ResponseOp] = []

    package init() {}

    package init(
        header: ResponseHeader? = nil,
        succeeded: Bool = false,
        responses: [ResponseOp] = []
    ) {
        self.header = header
        self.succeeded = succeeded
        self.responses = responses
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.succeeded)
        encoder.write(3, self.responses)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.succeeded)
        case 3: try decoder.read(&self.responses)
        default: try decoder.skip()
        }
    }
}
