// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ClientCertificates
import Glibc

/// `rolling-lock certificate create`: an authority and a client's certificate.
struct CertificateCreateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Makes a CA and a client certificate issued by it.",
        discussion: """
            Writes <name>.key (0600), <name>.pem and <name>-ca.pem (0644) into the directory. \
            The key of the CA is thrown away, so that nobody can issue another certificate that \
            etcd would trust; keep it with --keep-ca-key where every unit is to have a \
            certificate of its own, and make those with --ca and --ca-key.

            Every file is written as a whole. A certificate that is in use may be replaced with \
            --force: clients take the new one up by themselves, once key and certificate fit.

            The certificate is good for clients and for nothing else: its BasicConstraints say \
            CA:FALSE (charmed-etcd wants them there) and its only purpose is clientAuth.

            EXAMPLES:
              rolling-lock certificate create
              rolling-lock certificate create --directory tls --common-name blue --days 90
              rolling-lock certificate create --name ca-only --keep-ca-key
              rolling-lock certificate create --name unit-0 --common-name unit-0 \\
                --ca ca-only-ca.pem --ca-key ca-only-ca.key

            EXIT STATUS:
              0   made      64  wrong arguments      73  a file is there or cannot be written
              78  the CA given cannot be used
            """
    )

    @Option(
        help: ArgumentHelp("Where the files go; made if it is not there.", valueName: "folder"),
        completion: .directory
    )
    var directory = "."

    @Option(help: ArgumentHelp("What the files are called.", valueName: "name"))
    var name = "client"

    @Option(
        help: ArgumentHelp(
            "The common name, which is etcd's user (default: a random one of 128 bits).",
            valueName: "text"
        )
    )
    var commonName: String?

    @Option(help: ArgumentHelp("How long it is valid.", valueName: "count"))
    var days = 365

    @Option(
        help: ArgumentHelp("The kind of the keys: p256, p384 or rsa3072.", valueName: "kind")
    )
    var keyType = ClientCertificate.KeyKind.p256

    @Option(
        help: ArgumentHelp("Issue with this CA instead of a new one.", valueName: "file"),
        completion: .file()
    )
    var ca: String?

    @Option(help: ArgumentHelp("That CA's private key.", valueName: "file"), completion: .file())
    var caKey: String?

    @Flag(help: "Write the new CA's private key too, as <name>-ca.key (0600).")
    var keepCaKey = false

    @Flag(help: "Replace files that are there.")
    var force = false

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (1...36500).contains(self.days) else {
            throw ValidationError("--days must be between 1 and 36500.")
        }
        guard (self.ca == nil) == (self.caKey == nil) else {
            throw ValidationError("--ca and --ca-key go together.")
        }
        guard self.ca == nil || !self.keepCaKey else {
            throw ValidationError("--keep-ca-key is for a new CA, not for --ca.")
        }
        guard !self.name.isEmpty, !self.name.contains("/") else {
            throw ValidationError("--name is the beginning of a file name, without /.")
        }
        let length = (self.commonName ?? "-").utf8.count
        guard (1...ClientCertificate.maximumCommonNameLength).contains(length) else {
            let limit = ClientCertificate.maximumCommonNameLength
            throw ValidationError("--common-name must have 1 to \(limit) bytes.")
        }
    }

    func run() throws {
        do {
            let report = try self.create()
            StandardStream.output.write(self.json ? JSONText.line(report) + "\n" : report.text)
        } catch let failure as CertificateFailure {
            throw ToolFailure(failure).reported()
        } catch let failure as ToolFailure {
            throw failure.reported()
        }
    }

    private func create() throws -> CertificateReport {
        if self.commonName == "root" {
            StandardStream.error.write(
                "rolling-lock: whoever has this certificate is etcd's user root, who may do "
                    + "everything\n"
            )
        }
        let validity = Duration.seconds(86_400 * self.days)
        let authority: ClientCertificate
        if let ca, let caKey {
            authority = ClientCertificate(
                certificate: try ReadableFile.bytes(of: ca, called: "the CA"),
                key: try ReadableFile.bytes(of: caKey, called: "the CA's key")
            )
        } else {
            authority = try .authority(self.keyType, validity: validity)
        }
        let client = try authority.issue(
            commonName: self.commonName ?? RandomIdentifier.make(),
            self.keyType,
            validity: validity
        )
        let base = self.directory + (self.directory.hasSuffix("/") ? "" : "/") + self.name
        var files = NewFiles(replaces: self.force)
        files.add(client.key, at: base + ".key", mode: 0o600)
        files.add(client.certificate, at: base + ".pem", mode: 0o644)
        if self.ca == nil {
            files.add(authority.certificate, at: base + "-ca.pem", mode: 0o644)
            if self.keepCaKey { files.add(authority.key, at: base + "-ca.key", mode: 0o600) }
        }
        try self.makeFolder()
        try files.write()
        let facts = try CertificateFacts(pem: client.certificate, source: base + ".pem")
        var report = CertificateReport(facts, file: base + ".pem")
        report.keyFile = base + ".key"
        report.authorityFile = self.ca ?? base + "-ca.pem"
        return report
    }

    private func makeFolder() throws {
        guard unsafe mkdir(self.directory, 0o755) != 0, errno != EEXIST else { return }
        throw ToolFailure(
            status: ExitStatus.cannotCreate,
            message:
                "\(self.directory) cannot be made: \(unsafe String(cString: strerror(errno)))"
        )
    }
}
