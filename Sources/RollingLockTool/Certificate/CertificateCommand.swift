// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ClientCertificates

/// `rolling-lock certificate`: certificates that a client of etcd presents.
struct CertificateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certificate",
        abstract: "Makes and shows the certificates that a client of etcd presents.",
        discussion: """
            Where etcd checks clients by certificate, the certificate's common name is the \
            name of the user, and no password is needed.

            EXAMPLES:
              rolling-lock certificate create --directory tls
              rolling-lock certificate show tls/client.pem

            EXIT STATUS:
              0   done       64  wrong arguments     73  a file cannot be written
              78  a certificate or key is unusable
            """,
        subcommands: [CertificateCreateCommand.self, CertificateShowCommand.self]
    )
}

extension ClientCertificate.KeyKind: ExpressibleByArgument {}

extension ToolFailure {
    /// The failure that a certificate is unusable.
    init(_ failure: CertificateFailure) {
        self = .configuration("\(failure)")
    }
}
