// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Trades a name and a password for a token.
package struct AuthenticateRequest: WireMessage {
    package var name = ""
    package var password = ""

    package init() {}

    package init(name: String = "", password: String = "") {
        self.name = name
        self.password = password
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.name)
        encoder.write(2, self.password)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.name)
        case 2: try decoder.read(&self.password)
        default: try decoder.skip()
        }
    }
}

/// The token that further requests carry.
package struct AuthenticateResponse: StoreResponse {
    package var header: ResponseHeader?
    package var token = ""

    package init() {}

    package init(header: ResponseHeader? = nil, token: String = "") {
        self.header = header
        self.token = token
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.token)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.token)
        default: try decoder.skip()
        }
    }
}
