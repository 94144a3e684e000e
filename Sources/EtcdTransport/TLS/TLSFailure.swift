// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Why TLS could not be set up, or ended.
///
/// Each case has one cause and one mend. Descriptions may name files, never what is in them.
package enum TLSFailure: Error, Hashable, Sendable {
    // The client's own files.

    /// A path is empty.
    case emptyPath(purpose: String)
    /// A file could not be opened or read.
    case unreadableFile(path: String, reason: String)
    /// The private key's file is open to everybody, or to a group and not root's.
    case keyFileReadableByOthers(path: String)
    /// There is no usable PEM where some was expected.
    case invalidPEM(source: String, reason: String)
    /// The private key has a passphrase.
    case encryptedKey(source: String)
    /// A certificate was given without its key, or a key without its certificate.
    case incompleteIdentity(missing: String)
    /// The private key belongs to another certificate.
    case keyMismatch(certificate: String, key: String)
    /// The client's own certificate has expired.
    case ownCertificateExpired(source: String, date: String)
    /// The client's own certificate is not valid yet.
    case ownCertificateNotYetValid(source: String, date: String)

    // The server's certificate.

    /// The server's certificate leads to no trusted certificate.
    case certificateUntrusted(reason: String)
    /// The server's certificate, or one above it, has expired.
    case certificateExpired(subject: String, date: String)
    /// The server's certificate, or one above it, is not valid yet.
    case certificateNotYetValid(subject: String, date: String)
    /// The server's certificate was made out to other names.
    case hostNameMismatch(expected: String, presented: [String])

    // The conversation.

    /// The peer ended TLS with an alert.
    case peerAlert(TLSAlert)
    /// The server does not speak HTTP/2.
    case noALPN
    /// The server speaks no TLS version from 1.2 on.
    case protocolVersion
    /// The peer's bytes are not TLS.
    case notTLS
    /// The connection ended without TLS's own farewell.
    case truncated
    /// Anything else, in OpenSSL's words.
    case handshake(String)
}

/// An alert that the peer sent.
package struct TLSAlert: Hashable, Sendable, RawRepresentable {
    package let rawValue: Int

    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    package static let handshakeFailure = TLSAlert(rawValue: 40)
    package static let badCertificate = TLSAlert(rawValue: 42)
    package static let unsupportedCertificate = TLSAlert(rawValue: 43)
    package static let certificateRevoked = TLSAlert(rawValue: 44)
    package static let certificateExpired = TLSAlert(rawValue: 45)
    package static let certificateUnknown = TLSAlert(rawValue: 46)
    package static let unknownAuthority = TLSAlert(rawValue: 48)
    package static let accessDenied = TLSAlert(rawValue: 49)
    package static let protocolVersion = TLSAlert(rawValue: 70)
    package static let unrecognizedName = TLSAlert(rawValue: 112)
    package static let certificateRequired = TLSAlert(rawValue: 116)
    package static let noApplicationProtocol = TLSAlert(rawValue: 120)

    /// Whether the peer refused the client's certificate, or the lack of one.
    ///
    /// After a rotation the server may come to trust it: worth another attempt.
    package var isAboutClientCertificate: Bool {
        switch self {
        case .badCertificate, .unsupportedCertificate, .certificateRevoked, .certificateExpired,
            .certificateUnknown, .unknownAuthority, .accessDenied, .certificateRequired:
            true
        default:
            false
        }
    }
}
