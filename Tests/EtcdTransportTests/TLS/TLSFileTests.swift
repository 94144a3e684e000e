// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Glibc
import Testing

@Suite(.timeLimit(.minutes(5)))
struct TLSFileTests {
    let folder: TemporaryDirectory
    let files: TestCertificates

    init() throws {
        folder = try TemporaryDirectory()
        files = try .make(in: folder.path + "/tls")
    }

    private func configuration(
        ca: String? = nil,
        certificate: String? = nil,
        key: String? = nil
    ) -> TLSConfiguration {
        TLSConfiguration(
            certificateAuthorities: .file(ca ?? files.ca),
            certificateChain: .file(certificate ?? files.client),
            privateKey: .file(key ?? files.clientKey)
        )
    }

    @Test func filesMakeAContext() throws {
        let context = try TLSContext(configuration())
        _ = try TLSConnection(context: context, serverName: "127.0.0.1", isIPAddress: true)
    }

    @Test func theSystemsTrustStoreIsTheDefault() throws {
        _ = try TLSContext(TLSConfiguration())
    }

    @Test func missingFilesAreNamed() {
        let path = files.directory + "/none.pem"
        let failure = TLSFailure.unreadableFile(path: path, reason: "No such file or directory")
        #expect(throws: failure) {
            try TLSContext(configuration(ca: path))
        }
        #expect(throws: failure) {
            try TLSContext(configuration(certificate: path))
        }
        #expect(throws: failure) {
            try TLSContext(configuration(key: path))
        }
        #expect(failure.description == "cannot read \(path): No such file or directory")
    }

    @Test func foldersAndPipesAreNotRead() {
        #expect(
            throws: TLSFailure.unreadableFile(
                path: files.directory,
                reason: "it is not a regular file"
            )
        ) {
            try TLSContext(configuration(ca: files.directory))
        }
        let pipe = files.directory + "/pipe"
        unsafe mkfifo(pipe, 0o600)
        #expect(
            throws: TLSFailure.unreadableFile(path: pipe, reason: "it is not a regular file")
        ) {
            try TLSContext(configuration(key: pipe))
        }
    }

    @Test func emptyPathsAreNotTakenForTheWorkingDirectory() {
        #expect(throws: TLSFailure.emptyPath(purpose: "private key")) {
            try TLSContext(configuration(key: ""))
        }
        #expect(throws: TLSFailure.emptyPath(purpose: "certificate authority")) {
            try TLSContext(configuration(ca: ""))
        }
    }

    @Test(arguments: [mode_t(0o650), 0o604, 0o620, 0o644, 0o666])
    func keysThatOthersMayReadAreRefused(mode: mode_t) {
        unsafe chmod(files.clientKey, mode)
        let failure = TLSFailure.keyFileReadableByOthers(path: files.clientKey)
        #expect(throws: failure) {
            try TLSContext(configuration())
        }
        #expect(failure.description.contains("chmod 600 \(files.clientKey) "))
    }

    @Test func aGroupMayReadTheKeyIfItIsRoots() throws {
        unsafe chmod(files.clientKey, 0o640)
        if getuid() == 0 {
            _ = try TLSContext(configuration())
            try #require(unsafe chown(files.clientKey, 65534, 0) == 0)
        }
        #expect(throws: TLSFailure.keyFileReadableByOthers(path: files.clientKey)) {
            try TLSContext(configuration())
        }
    }

    @Test(arguments: [mode_t(0o600), 0o400])
    func keysOfTheOwnerAloneAreRead(mode: mode_t) throws {
        unsafe chmod(files.clientKey, mode)
        _ = try TLSContext(configuration())
    }

    @Test func theKeyMustBelongToTheCertificate() {
        #expect(
            throws: TLSFailure.keyMismatch(certificate: files.client, key: files.serverKey)
        ) {
            try TLSContext(configuration(key: files.serverKey))
        }
    }

    @Test func certificateAndKeyGoTogether() {
        #expect(throws: TLSFailure.incompleteIdentity(missing: "private key")) {
            try TLSContext(TLSConfiguration(certificateChain: .file(files.client)))
        }
        #expect(throws: TLSFailure.incompleteIdentity(missing: "certificate")) {
            try TLSContext(TLSConfiguration(privateKey: .file(files.clientKey)))
        }
    }

    @Test func passphrasesAreNotAskedFor() throws {
        let identity = try files.authority.issueClient("unit")
        let path = files.directory + "/locked.key"
        try TestCertificates.writeFile(
            identity.encryptedKey(passphrase: "sesame"),
            to: path,
            mode: 0o600
        )
        #expect(throws: TLSFailure.encryptedKey(source: path)) {
            try TLSContext(configuration(key: path))
        }
    }

    @Test func filesWithoutPEMAreNamedAndNotQuoted() throws {
        let path = files.directory + "/other"
        try TestCertificates.writeFile("kept to ourselves", to: path, mode: 0o600)
        #expect(
            throws: TLSFailure.invalidPEM(
                source: path,
                reason: "there is no PEM certificate in it"
            )
        ) {
            try TLSContext(configuration(ca: path))
        }
        #expect(
            throws: TLSFailure.invalidPEM(
                source: path,
                reason: "there is no PEM certificate in it"
            )
        ) {
            try TLSContext(configuration(certificate: path))
        }
        #expect(
            throws: TLSFailure.invalidPEM(
                source: path,
                reason: "there is no PEM private key in it"
            )
        ) {
            try TLSContext(configuration(key: path))
        }
        try TestCertificates.writeFile("", to: path, mode: 0o600)
        #expect(
            throws: TLSFailure.invalidPEM(
                source: path,
                reason: "there is no PEM certificate in it"
            )
        ) {
            try TLSContext(configuration(ca: path))
        }
    }

    @Test func damagedPEMIsRefused() throws {
        let path = files.directory + "/damaged.pem"
        let certificate = files.authority.certificate
        let half = String(certificate.prefix(certificate.count / 2))
        try TestCertificates.writeFile(certificate + half, to: path, mode: 0o644)
        #expect(
            throws: TLSFailure.invalidPEM(source: path, reason: "certificate 2 in it is damaged")
        ) {
            try TLSContext(configuration(ca: path))
        }
        let key = files.directory + "/damaged.key"
        let garbage = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
        try TestCertificates.writeFile(garbage, to: key, mode: 0o600)
        #expect(
            throws: TLSFailure.invalidPEM(
                source: key,
                reason: "the private key in it is damaged or of an unknown kind"
            )
        ) {
            try TLSContext(configuration(key: key))
        }
    }

    @Test func oneFileMayHoldCertificateAndKey() throws {
        let identity = try files.authority.issueClient("unit")
        let path = files.directory + "/both.pem"
        try TestCertificates.writeFile(identity.key + identity.certificate, to: path, mode: 0o600)
        _ = try TLSContext(configuration(certificate: path, key: path))
    }

    @Test func ownCertificateThatHasExpiredIsNoticed() throws {
        let expired = try files.issueClient("late", validity: .expired)
        let failure = try #require(throws: TLSFailure.self) {
            try TLSContext(configuration(certificate: expired.certificate, key: expired.key))
        }
        guard case .ownCertificateExpired(expired.certificate, let date) = failure else {
            Issue.record("unexpected: \(failure)")
            return
        }
        #expect(failure.description.hasSuffix("expired on \(date)"))
    }

    @Test func ownCertificateOfTomorrowIsNoticed() throws {
        let future = try files.issueClient("early", validity: .future)
        let failure = try #require(throws: TLSFailure.self) {
            try TLSContext(configuration(certificate: future.certificate, key: future.key))
        }
        guard case .ownCertificateNotYetValid(future.certificate, _) = failure else {
            Issue.record("unexpected: \(failure)")
            return
        }
    }

    @Test func expiredAuthoritiesDoNotDisturbTheOthers() throws {
        let old = try TestIdentity.authority("old", validity: .expired)
        let pair = try TLSPair(
            trusting: [old, files.authority],
            server: files.authority.issueServer()
        )
        try pair.handshake()
        #expect(pair.client.isEstablished)
    }
}
