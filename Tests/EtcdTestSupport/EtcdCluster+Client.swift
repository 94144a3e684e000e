// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

package import EtcdKit

extension EtcdCluster {
    /// What a client needs to use the cluster: through the proxies if there are any, with TLS and as
    /// root if the options say so.
    package var clientConfiguration: EtcdClient.Configuration {
        EtcdClient.Configuration(
            endpoints: self.endpoints,
            tls: self.options.tls.map { tls in
                let isAsked = tls.clientAuthority != nil
                return .init(
                    certificateAuthorities: .file(tls.certificateAuthority),
                    certificate: isAsked ? .file(tls.certificate) : nil,
                    privateKey: isAsked ? .file(tls.privateKey) : nil
                )
            },
            credentials: self.options.rootPassword.map { .init(user: "root", password: $0) }
        )
    }
}
