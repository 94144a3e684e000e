// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

extension EtcdClient {
    /// A client by flags, environment and file, in that order.
    ///
    /// - Throws: ``ToolFailure`` that names the culprit.
    static func connecting(
        by options: ConnectionOptions,
        environment: [String: String]
    ) throws -> EtcdClient {
        let settings = try ConnectionSettings.gathered(from: options, environment: environment)
        do {
            return try EtcdClient(configuration: settings.configuration())
        } catch let error as EtcdError {
            // What cannot even be set up is a matter of the settings.
            throw ToolFailure.configuration(ToolFailure.sentence(for: error))
        }
    }
}

extension ConnectionSettings {
    /// The settings by flags, environment and file, in that order.
    static func gathered(
        from options: ConnectionOptions,
        environment: [String: String]
    ) throws -> ConnectionSettings {
        let settings = try options.settings()
            .completed(with: ConnectionEnvironment.settings(in: environment))
        guard let path = options.config else { return settings }
        return settings.completed(with: try ConnectionFile.settings(at: path))
    }

    /// What these settings mean for the client.
    fileprivate func configuration() throws -> EtcdClient.Configuration {
        let endpoints = self.endpoints ?? ["127.0.0.1:2379"]
        guard !endpoints.isEmpty else {
            throw ToolFailure.configuration("the list of endpoints is empty")
        }
        var tls: EtcdClient.TLS?
        if self.usesTLS {
            guard (self.certificateFile == nil) == (self.keyFile == nil) else {
                throw ToolFailure.configuration(
                    self.keyFile == nil
                        ? "a certificate is given without its key; say --key <file>"
                        : "a key is given without its certificate; say --cert <file>"
                )
            }
            tls = EtcdClient.TLS(
                certificateAuthorities: self.caFile.map { .file($0) },
                certificate: self.certificateFile.map { .file($0) },
                privateKey: self.keyFile.map { .file($0) },
                serverName: self.serverName
            )
        }
        var credentials: EtcdClient.Credentials?
        if let user = self.user {
            guard let password = self.password else {
                throw ToolFailure.configuration(
                    "user \(user) needs a password: --password-file <file> or $ETCDCTL_PASSWORD"
                )
            }
            credentials = EtcdClient.Credentials(user: user, password: password)
        }
        var configuration = EtcdClient.Configuration(
            endpoints: endpoints,
            tls: tls,
            credentials: credentials
        )
        // Who may only use a lock needs nothing but KV, Watch and Lease.
        configuration.asksForStatus = false
        if let timeout = self.dialTimeout { configuration.connectTimeout = timeout }
        if let timeout = self.commandTimeout { configuration.requestTimeout = timeout }
        return configuration
    }
}
