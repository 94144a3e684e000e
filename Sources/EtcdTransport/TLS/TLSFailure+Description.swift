// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension TLSFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .emptyPath(let purpose):
            "the path of the \(purpose) is empty"
        case .unreadableFile(let path, let reason):
            "cannot read \(path): \(reason)"
        case .keyFileReadableByOthers(let path):
            """
            the private key \(path) can be read by other users; run: chmod 600 \(path) \
            (or give it to root with mode 640)
            """
        case .invalidPEM(let source, let reason):
            "\(source): \(reason)"
        case .encryptedKey(let source):
            "the private key in \(source) has a passphrase; give a key without one"
        case .incompleteIdentity(let missing):
            "a client certificate needs both certificate and private key; the \(missing) is missing"
        case .keyMismatch(let certificate, let key):
            "the private key in \(key) does not belong to the certificate in \(certificate)"
        case .ownCertificateExpired(let source, let date):
            "the client certificate in \(source) expired on \(date)"
        case .ownCertificateNotYetValid(let source, let date):
            "the client certificate in \(source) is not valid before \(date); check the clock"
        case .certificateUntrusted(let reason):
            """
            the server's certificate is not trusted: \(reason); check that the certificate \
            authority given is the one that issued it
            """
        case .certificateExpired(let subject, let date):
            "the server's certificate (\(subject)) expired on \(date)"
        case .certificateNotYetValid(let subject, let date):
            "the server's certificate (\(subject)) is not valid before \(date); check the clock"
        case .hostNameMismatch(let expected, let presented):
            presented.isEmpty
                ? "the server's certificate is not for \(expected): it names no host or address"
                : """
                the server's certificate is not for \(expected), only for \
                \(presented.joined(separator: ", "))
                """
        case .peerAlert(let alert):
            alert.sentence
        case .noALPN:
            "the server does not offer HTTP/2 over TLS; is this etcd's client port?"
        case .protocolVersion:
            "the server offers neither TLS 1.2 nor TLS 1.3"
        case .notTLS:
            "the server does not speak TLS; use http:// or check the port"
        case .truncated:
            "the connection ended without TLS's closing message"
        case .handshake(let reason):
            "TLS failed: \(reason)"
        }
    }
}

extension TLSAlert: CustomStringConvertible {
    package var description: String {
        switch self {
        case .handshakeFailure: "handshake failure"
        case .badCertificate: "bad certificate"
        case .unsupportedCertificate: "unsupported certificate"
        case .certificateRevoked: "certificate revoked"
        case .certificateExpired: "certificate expired"
        case .certificateUnknown: "certificate unknown"
        case .unknownAuthority: "unknown ca"
        case .accessDenied: "access denied"
        case .protocolVersion: "protocol version"
        case .unrecognizedName: "unrecognized name"
        case .certificateRequired: "certificate required"
        case .noApplicationProtocol: "no application protocol"
        default: "alert \(rawValue)"
        }
    }

    fileprivate var sentence: String {
        switch self {
        case .certificateRequired:
            "the server requires a client certificate, and none was given"
        case .handshakeFailure:
            """
            the server refused the handshake (\(self)); it may require a client certificate or \
            share no cipher with this client
            """
        case _ where isAboutClientCertificate:
            "the server does not trust this client's certificate (\(self))"
        default:
            "the server ended TLS with an alert (\(self))"
        }
    }
}
