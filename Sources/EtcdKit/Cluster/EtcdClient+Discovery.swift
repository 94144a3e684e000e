// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

extension EtcdClient.Configuration {
    /// A way to find endpoints.
    public struct Discovery: Sendable, Hashable {
        let domain: String
        let serviceName: String?

        /// By SRV records in the DNS, as `etcdctl --discovery-srv` does.
        ///
        /// The records asked for are `_etcd-client-ssl._tcp.<domain>` if the configuration has
        /// ``EtcdClient/Configuration/tls``, otherwise `_etcd-client._tcp.<domain>`: a client that is
        /// to use TLS is not talked out of it by records that are missing. Lower priorities are
        /// preferred and weights observed; both decide where to connect first, while failures
        /// decide where to go then.
        ///
        /// The first call looks them up. They are looked up again when their time to live is over,
        /// though not more often than every ten seconds and at least every hour, and when no endpoint
        /// can be reached. What was found stays in use while a look-up fails.
        ///
        /// The DNS is not protected against forgery; TLS is what shows that the server is the right
        /// one. Each certificate is checked against the name that the record gives, or against
        /// ``EtcdClient/TLS/serverName``, which may well be the domain if the certificates have it.
        /// With the system's authorities a forger could have a valid certificate for a name of his
        /// own, so targets outside the domain are not used then; with
        /// ``EtcdClient/TLS/certificateAuthorities`` or ``EtcdClient/TLS/serverName`` they are.
        /// Without TLS whoever can forge answers can be the server, and gets the password.
        ///
        /// - Parameters:
        ///   - domain: the domain, such as `example.com`.
        ///   - serviceName: what distinguishes one of several clusters in the domain, as
        ///     `--discovery-srv-name` does: the records are `_etcd-client-<name>._tcp.<domain>`, with
        ///     TLS `_etcd-client-ssl-<name>._tcp.<domain>`. Default: nil.
        /// - Returns: the way to find endpoints.
        public static func srv(domain: String, serviceName: String? = nil) -> Discovery {
            Discovery(domain: domain, serviceName: serviceName)
        }
    }
}

extension EtcdClient.Configuration.Discovery {
    private static let longestLabel = 63
    private static let longestName = 253

    /// The name whose records are asked for.
    func name(usesTLS: Bool) -> String {
        self.service(usesTLS: usesTLS) + "._tcp." + self.domain.withoutFinalDot
    }

    private func service(usesTLS: Bool) -> String {
        "_etcd-client" + (usesTLS ? "-ssl" : "") + (self.serviceName.map { "-\($0)" } ?? "")
    }

    /// The endpoint that a record stands for.
    ///
    /// - Parameters:
    ///   - record: the record.
    ///   - tls: how the client does TLS, if it does.
    /// - Returns: the endpoint; nil if it may not be used.
    func endpoint(of record: ServiceRecord, tls: EtcdClient.TLS?) -> Endpoint? {
        if let tls, tls.certificateAuthorities == nil, tls.serverName == nil,
            !record.target.isName(within: self.domain.withoutFinalDot)
        {
            return nil
        }
        return Endpoint(
            host: record.target,
            port: record.port,
            usesTLS: tls != nil,
            isIPAddress: false
        )
    }

    func check() throws(EtcdError) {
        let name = self.name(usesTLS: true)
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let isName = labels.allSatisfy { label in
            (1...Self.longestLabel).contains(label.utf8.count)
                && label.utf8.allSatisfy(Endpoint.isNameByte)
        }
        guard isName, name.utf8.count <= Self.longestName,
            self.serviceName?.contains(".") != true, self.serviceName?.isEmpty != true
        else {
            throw EtcdError(
                code: .invalidEndpoint,
                message: "\(name) is no name that service records can have; give a domain such as "
                    + "example.com, and a service name of letters, digits and hyphens"
            )
        }
    }
}

extension String {
    fileprivate var withoutFinalDot: String {
        self.hasSuffix(".") ? String(self.dropLast()) : self
    }

    fileprivate func isName(within domain: String) -> Bool {
        let (name, domain) = (self.lowercased(), domain.lowercased())
        return name == domain || name.hasSuffix("." + domain)
    }
}
