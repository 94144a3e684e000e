// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

/// Which endpoints a client may connect to beside those of its configuration.
struct EndpointSecurity: Sendable, Equatable {
    /// Whether TLS is configured: nothing goes out in plain text then.
    let prefersTLS: Bool
    /// Whether the client can do TLS: it has settings for it, or endpoints that want it.
    let hasTLS: Bool

    enum Permission: Equatable {
        case yes
        case withoutTLS
        case needsTLS
    }

    func permits(_ endpoint: Endpoint) -> Permission {
        if endpoint.usesTLS { return self.hasTLS ? .yes : .needsTLS }
        return self.prefersTLS ? .withoutTLS : .yes
    }
}

extension ClientCore {
    /// An endpoint that a user named for one call.
    func checkedEndpoint(_ text: String) throws(EtcdError) -> Endpoint {
        let endpoint = try self.configuration.checkedEndpoint(text)
        try self.checkSecurity(of: endpoint)
        return endpoint
    }

    /// Refuses an endpoint that wants TLS from a client that has no settings for it.
    func checkSecurity(of endpoint: Endpoint) throws(EtcdError) {
        guard self.endpointSecurity.permits(endpoint) != .needsTLS else {
            throw EtcdError(
                code: .invalidEndpoint,
                message: "the endpoint begins with https://, but the client is configured without "
                    + "TLS; set the configuration's tls",
                endpoint: endpoint.description
            )
        }
    }
}
