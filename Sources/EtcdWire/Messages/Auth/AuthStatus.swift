// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Turns authentication on.
package struct AuthEnableRequest: EmptyMessage {
    package init() {}
}

/// Answer to turning authentication on.
package struct AuthEnableResponse: HeaderOnlyMessage {
    package var header: ResponseHeader?

    package init(header: ResponseHeader? = nil) {
        self.header = header
    }
}

/// Turns authentication off.
package struct AuthDisableRequest: EmptyMessage {
    package init() {}
}

/// Answer to turning authentication off.
package struct AuthDisableResponse: HeaderOnlyMessage {
    package var header: ResponseHeader?

    package init(header: ResponseHeader? = nil) {
        self.header = header
    }
}

/// Asks whether authentication is on.
package struct AuthStatusRequest: EmptyMessage {
    package init() {}
}

/// Whether authentication is on, and the revision of users and roles.
package struct AuthStatusResponse: StoreResponse {
    package var header: ResponseHeader?
    package var enabled = false
    package var authRevision: UInt64 = 0

    package init() {}

    package init(header: ResponseHeader? = nil, enabled: Bool = false, authRevision: UInt64 = 0) {
        self.header = header
        self.enabled = enabled
        self.authRevision = authRevision
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.enabled)
        encoder.write(3, self.authRevision)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.enabled)
        case 3: try decoder.read(&self.authRevision)
        default: try decoder.skip()
        }
    }
}
