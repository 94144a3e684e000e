// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ClientCertificates

/// `rolling-lock certificate show`: what is in a certificate, and whether etcd will like it.
struct CertificateShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows a certificate and says whether a client can use it.",
        discussion: """
            Of a file with several certificates the first is shown: it is the one a client \
            presents.

            EXAMPLES:
              rolling-lock certificate show client.pem
              rolling-lock certificate show client.pem --key client.key
              rolling-lock certificate show client.pem --json | jq .remaining_days

            EXIT STATUS:
              0   good      64  wrong arguments      78  unreadable, or no client can use it
            """
    )

    @Argument(help: ArgumentHelp("The certificate.", valueName: "file"), completion: .file())
    var file: String

    @Option(
        help: ArgumentHelp("Check that this private key belongs to it.", valueName: "file"),
        completion: .file()
    )
    var key: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        do {
            let pem = try ReadableFile.bytes(of: self.file, called: "the certificate")
            let facts = try CertificateFacts(pem: pem, source: self.file)
            var report = CertificateReport(facts, file: self.file)
            report.keyFile = self.key
            var findings = CertificateFindings.of(facts)
            if let key = self.key {
                let bytes = try ReadableFile.bytes(of: key, called: "the private key")
                findings.append(try CertificateFindings.of(facts, key: bytes, source: key))
            }
            report.findings = findings
            StandardStream.output.write(self.json ? JSONText.line(report) + "\n" : report.text)
            if let status = findings.exitStatus { throw ExitCode(status) }
        } catch let failure as CertificateFailure {
            throw ToolFailure(failure).reported()
        } catch let failure as ToolFailure {
            throw failure.reported()
        }
    }
}
