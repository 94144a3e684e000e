// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ClientCertificates
import RollingLock

/// A certificate as `certificate` shows it.
struct CertificateReport: Encodable {
    var file: String
    var keyFile: String?
    var authorityFile: String?
    var commonName: String?
    var subject: String
    var issuer: String
    var serialNumber: String
    var notBefore: String
    var notAfter: String
    var remainingDays: Int
    var isAuthority: Bool?
    var isForClients: Bool?
    var key: String
    var fingerprint: String
    /// What speaks for and against it; none where nobody asked.
    var findings: [Finding]?

    private enum CodingKeys: String, CodingKey {
        case file, subject, issuer, key, findings
        case keyFile = "key_file"
        case authorityFile = "ca_file"
        case commonName = "common_name"
        case serialNumber = "serial_number"
        case notBefore = "not_before"
        case notAfter = "not_after"
        case remainingDays = "remaining_days"
        case isAuthority = "is_ca"
        case isForClients = "is_for_clients"
        case fingerprint = "sha256"
    }

    init(_ facts: CertificateFacts, file: String, now: RollingLockTimestamp = .now) {
        self.file = file
        self.commonName = facts.commonName
        self.subject = facts.subject
        self.issuer = facts.issuer
        self.serialNumber = facts.serialNumber
        self.notBefore = Self.text(facts.notBefore)
        self.notAfter = Self.text(facts.notAfter)
        self.remainingDays = (facts.notAfter - Int(now.millisecondsSince1970 / 1000)) / 86_400
        self.isAuthority = facts.isAuthority
        self.isForClients = facts.isForClients
        self.key = facts.key
        self.fingerprint = facts.fingerprint
    }

    private static func text(_ seconds: Int) -> String {
        "\(RollingLockTimestamp(millisecondsSince1970: Int64(seconds) * 1000))"
    }

    /// The certificate for people, each line ended.
    var text: String {
        let rows: [(String, String?)] = [
            ("common name", self.commonName?.printable ?? "none"),
            ("certificate", self.file), ("private key", self.keyFile),
            ("CA", self.authorityFile), ("issuer", self.issuer), ("key", self.key),
            ("valid from", self.notBefore),
            ("valid until", "\(self.notAfter) (\(self.remainingDays) days)"),
            ("serial number", self.serialNumber), ("SHA-256", self.fingerprint),
        ]
        let shown = rows.compactMap { name, value in value.map { [name + ":", $0] } }
        let lines = TextTable.lines(shown) + (self.findings ?? []).map(\.line)
        return lines.map { $0 + "\n" }.joined()
    }
}
