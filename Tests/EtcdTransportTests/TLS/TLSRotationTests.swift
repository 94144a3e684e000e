// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Foundation
import Logging
import Testing

/// Certificate files are replaced under a running client.
@Suite(.timeLimit(.minutes(5)))
struct TLSRotationTests {
    let folder: TemporaryDirectory
    let files: TestCertificates
    let context: TLSContext
    let log = LogCapture()

    init() throws {
        folder = try TemporaryDirectory()
        files = try .make(in: folder.path, clientName: "old")
        context = try TLSContext(
            TLSConfiguration(
                certificateAuthorities: .file(files.ca),
                certificateChain: .file(files.client),
                privateKey: .file(files.clientKey)
            ),
            logger: log.logger
        )
    }

    /// The common name under which a new connection appears at a server.
    private func nameSeenByServer(
        trusted authority: TestIdentity? = nil
    ) throws -> String? {
        let authority = authority ?? files.authority
        let client = try TLSConnection(
            context: context,
            serverName: "localhost",
            isIPAddress: false
        )
        let server = try TLSServerPeer(
            authority.issueServer(),
            .init(clientAuthorities: [authority])
        )
        try client.startHandshake()
        for _ in 0..<3 {
            var bytes: [UInt8] = []
            client.drainOutgoing(into: &bytes)
            server.receive(bytes)
            try client.receive(array: server.drainOutgoing())
        }
        return server.clientCommonName
    }

    @Test func newConnectionsUseTheNewFiles() throws {
        #expect(try nameSeenByServer() == "old")
        let identity = try files.authority.issueClient("new")
        _ = try files.write(identity, named: "client")
        #expect(try nameSeenByServer() == "new")
    }

    @Test func halfARotationChangesNothing() throws {
        let identity = try files.authority.issueClient("new")
        try TestCertificates.writeFile(identity.certificate, to: files.client, mode: 0o644)
        #expect(try nameSeenByServer() == "old")
        try TestCertificates.writeFile(identity.key, to: files.clientKey, mode: 0o600)
        #expect(try nameSeenByServer() == "new")
    }

    @Test func damagedFilesChangeNothing() throws {
        try TestCertificates.writeFile("", to: files.ca, mode: 0o644)
        #expect(try nameSeenByServer() == "old")
        try TestCertificates.writeFile(files.authority.certificate, to: files.ca, mode: 0o644)
        #expect(try nameSeenByServer() == "old")
    }

    @Test func newAuthorityIsTrusted() throws {
        let next = try TestIdentity.authority("next")
        #expect(throws: TLSFailure.self) {
            try nameSeenByServer(trusted: next)
        }
        try TestCertificates.writeFile(
            files.authority.certificate + next.certificate,
            to: files.ca,
            mode: 0o644
        )
        _ = try files.write(next.issueClient("moved"), named: "client")
        #expect(try nameSeenByServer(trusted: next) == "moved")
    }

    @Test func aWriterBetweenTwoFilesIsNotSpokenOf() throws {
        let identity = try files.authority.issueClient("new")
        let start = ContinuousClock.now
        try TestCertificates.writeFile(identity.certificate, to: files.client, mode: 0o644)
        #expect(context.refresh(now: start) == .unsettled)
        #expect(context.refresh(now: start + .milliseconds(900)) == .unsettled)
        #expect(context.generation == 1)
        try TestCertificates.writeFile(identity.key, to: files.clientKey, mode: 0o600)
        #expect(context.refresh(now: start + .milliseconds(950)) == .current)
        #expect(context.generation == 2)
        #expect(context.status.lastReload != nil)
        #expect(context.status.lastFailure == nil)
        #expect(log.messages(atLeast: .warning) == [])
        #expect(log.messages(atLeast: .info).count == 1)
    }

    @Test func filesThatDoNotFitAreToldOncePerChange() throws {
        let identity = try files.authority.issueClient("new")
        var now = ContinuousClock.now
        try TestCertificates.writeFile(identity.certificate, to: files.client, mode: 0o644)
        for _ in 0..<5 {
            context.refresh(now: now)
            now += .seconds(1)
        }
        let mismatch = TLSFailure.keyMismatch(certificate: files.client, key: files.clientKey)
        #expect(context.status.lastFailure?.reason == mismatch)
        #expect(log.messages(atLeast: .warning).count == 1)
        #expect(log.messages(atLeast: .warning).first?.contains("\(mismatch)") == true)
        try TestCertificates.writeFile("nothing", to: files.client, mode: 0o644)
        for _ in 0..<5 { #expect(context.refresh(now: now) == .refused) }
        #expect(log.messages(atLeast: .warning).count == 2)
        try FileManager.default.removeItem(atPath: files.client)
        for _ in 0..<5 { #expect(context.refresh(now: now) == .refused) }
        #expect(log.messages(atLeast: .warning).count == 3)
        #expect(try nameSeenByServer() == "old")
    }

    @Test func theSameContentWrittenAgainIsNoChange() throws {
        let key = try String(contentsOfFile: files.clientKey, encoding: .utf8)
        try TestCertificates.writeFile(key, to: files.clientKey, mode: 0o600)
        #expect(context.refresh() == .current)
        #expect(context.generation == 1)
        #expect(log.messages(atLeast: .info) == [])
    }

    @Test func aSuccessorThatIsNotValidYetOrNoMoreIsNotTaken() throws {
        for validity in [TestIdentity.Request.Validity.future, .expired] {
            _ = try files.write(
                files.authority.issueClient("new", validity: validity),
                named: "client"
            )
            #expect(context.refresh() == .unsettled)
            #expect(try nameSeenByServer() == "old")
        }
    }

    @Test func aCertificateNearItsEndIsToldOnce() throws {
        let day = 86_400
        #expect(try #require(context.status.certificateEnd) > Int(Date.now.timeIntervalSince1970))
        // Two days of ten: the last fifth has not begun, or has.
        for (left, isTold) in [(2 * day + 600, false), (2 * day - 600, true)] {
            let log = LogCapture()
            let identity = try files.authority.issueClient(
                "unit",
                validity: .from(left - 10 * day, to: left)
            )
            _ = try files.write(identity, named: "client")
            let context = try TLSContext(
                TLSConfiguration(
                    certificateChain: .file(files.client),
                    privateKey: .file(files.clientKey)
                ),
                logger: log.logger
            )
            context.refresh()
            context.refresh()
            #expect(log.messages(atLeast: .warning).count == (isTold ? 1 : 0))
        }
        // A week is what is left of a long one.
        let log = LogCapture()
        let identity = try files.authority.issueClient(
            "unit",
            validity: .from(-300 * day, to: 8 * day)
        )
        _ = try TLSContext(
            TLSConfiguration(
                certificateChain: .pem(Array(identity.certificate.utf8)),
                privateKey: .pem(Array(identity.key.utf8))
            ),
            logger: log.logger
        )
        #expect(log.messages(atLeast: .warning) == [])
    }
}
