// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

extension EtcdClient.Configuration {
    /// The endpoints, understood, each once.
    func checkedEndpoints() throws(EtcdError) -> [Endpoint] {
        try self.checkedEndpoints(self.endpoints)
    }

    /// Endpoints to use from now on, understood, each once.
    func checkedEndpoints(_ texts: [String]) throws(EtcdError) -> [Endpoint] {
        guard !texts.isEmpty || self.discovery != nil else {
            throw EtcdError(code: .invalidEndpoint, message: "no endpoint is given")
        }
        var result: [Endpoint] = []
        for text in texts {
            let endpoint = try self.checkedEndpoint(text)
            if !result.contains(endpoint) { result.append(endpoint) }
        }
        return result
    }

    /// One endpoint, understood.
    func checkedEndpoint(_ text: String) throws(EtcdError) -> Endpoint {
        let endpoint: Endpoint
        do throws(EndpointError) {
            endpoint = try Endpoint(parsing: text, tlsByDefault: self.tls != nil)
        } catch {
            throw EtcdError(error)
        }
        let isSocket = endpoint.socketPath != nil
        guard endpoint.usesTLS || self.tls == nil else {
            throw EtcdError(
                code: .invalidEndpoint,
                message: isSocket
                    ? "TLS is configured, but the endpoint begins with unix://; write unixs://"
                    : "TLS is configured, but the endpoint begins with http://; "
                        + "write https:// or leave the scheme out",
                endpoint: endpoint.description
            )
        }
        guard !isSocket || !endpoint.usesTLS || self.tls?.serverName != nil else {
            throw EtcdError(
                code: .invalidEndpoint,
                message: "the certificate behind a socket's file can be for any name; set the "
                    + "serverName of the configuration's tls to the one it has",
                endpoint: endpoint.description
            )
        }
        return endpoint
    }

    func checkLimits() throws(EtcdError) {
        let durations = [
            ("connectTimeout", self.connectTimeout), ("requestTimeout", self.requestTimeout),
            ("keepAliveInterval", self.keepAliveInterval),
            ("keepAliveTimeout", self.keepAliveTimeout),
        ]
        for (name, value) in durations where value <= .zero {
            throw EtcdError(
                code: .invalidArgument,
                message: "\(name) is not more than zero; give a longer time"
            )
        }
        if let interval = self.endpointSyncInterval, interval < .seconds(1) {
            throw EtcdError(
                code: .invalidArgument,
                message: "endpointSyncInterval is less than a second; give a longer time, or nil"
            )
        }
        try self.discovery?.check()
        guard self.maximumResponseSize > 0 else {
            throw EtcdError(
                code: .invalidArgument,
                message: "maximumResponseSize is not more than zero; give a number of bytes"
            )
        }
        try self.credentials?.check()
        if self.tls?.serverName?.isEmpty == true {
            throw EtcdError(
                code: .invalidArgument,
                message: "the server name to expect is empty; leave it out to expect the endpoint's"
            )
        }
    }

    func connectionConfiguration(
        for endpoints: [Endpoint]
    ) throws(EtcdError) -> ConnectionConfiguration {
        var result = ConnectionConfiguration(logger: self.logger)
        result.connectTimeout = self.connectTimeout.clamped
        result.maximumReceiveMessageSize = self.maximumResponseSize
        result.keepAliveInterval = self.keepAliveInterval.clamped
        result.keepAliveTimeout = self.keepAliveTimeout.clamped
        result.serverNameOverride = self.tls?.serverName
        result.resolver = self.resolver
        if self.tls != nil || endpoints.contains(where: \.usesTLS) {
            do throws(TLSFailure) {
                result.tls = try TLSContext(
                    TLSConfiguration(self.tls ?? .init()),
                    logger: self.logger
                )
            } catch {
                throw EtcdError(error)
            }
        }
        return result
    }
}

extension TLSConfiguration {
    fileprivate init(_ tls: EtcdClient.TLS) {
        self.init(
            certificateAuthorities: tls.certificateAuthorities.map(Material.init),
            certificateChain: tls.certificate.map(Material.init),
            privateKey: tls.privateKey.map(Material.init)
        )
    }
}

extension TLSConfiguration.Material {
    fileprivate init(_ source: EtcdClient.TLS.Source) {
        switch source.value {
        case .file(let path): self = .file(path)
        case .pem(let text): self = .pem([UInt8](text.utf8))
        }
    }
}

extension Duration {
    /// The same within limits as good as endless, so that adding it to a time cannot overflow.
    var clamped: Duration {
        min(max(self, .zero - .endless), .endless)
    }

    /// A hundred years.
    static var endless: Duration { .seconds(100 * 365 * 86400) }
}
