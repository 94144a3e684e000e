// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitOpenSSL

/// Remembers why a peer's certificate was refused: OpenSSL forgets all but a number.
final class TLSVerification {
    private let serverName: String
    private(set) var failure: TLSFailure?

    init(serverName: String) {
        self.serverName = serverName
    }

    /// The first refusal is the cause.
    @unsafe
    fileprivate func refused(_ store: OpaquePointer) {
        guard failure == nil else {
            return
        }
        let code = unsafe X509_STORE_CTX_get_error(store)
        guard let leaf = unsafe X509_STORE_CTX_get0_cert(store) else {
            failure = .certificateUntrusted(reason: Self.text(of: code))
            return
        }
        let current = unsafe X509_STORE_CTX_get_current_cert(store) ?? leaf
        let facts = unsafe TLSCertificateFacts(reading: current)
        failure =
            switch code {
            case X509_V_ERR_CERT_HAS_EXPIRED:
                .certificateExpired(subject: facts.subject, date: facts.notAfter)
            case X509_V_ERR_CERT_NOT_YET_VALID:
                .certificateNotYetValid(subject: facts.subject, date: facts.notBefore)
            case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
                unsafe .hostNameMismatch(
                    expected: serverName,
                    presented: TLSCertificateFacts(reading: leaf).names
                )
            default:
                .certificateUntrusted(
                    reason: "\(Self.text(of: code)) (\(facts.subject), issued by \(facts.issuer))"
                )
            }
    }

    private static func text(of code: Int32) -> String {
        // A static string for every code.
        unsafe X509_verify_cert_error_string(Int(code)).map { unsafe String(cString: $0) }
            ?? "error \(code)"
    }
}

/// OpenSSL's verify callback: leaves the verdict as it is, and notes a refusal.
///
/// It runs within `SSL_do_handshake`, on the caller's thread. The connection's `SSL` points to the
/// `TLSVerification` without owning it: the connection owns both.
func recordVerification(isValid: Int32, store: OpaquePointer?) -> Int32 {
    if isValid != 1, let store = unsafe store,
        let ssl = unsafe X509_STORE_CTX_get_ex_data(
            store,
            SSL_get_ex_data_X509_STORE_CTX_idx()
        ),
        let pointer = unsafe SSL_get_ex_data(OpaquePointer(ssl), 0)
    {
        let verification = unsafe Unmanaged<TLSVerification>.fromOpaque(pointer)
        unsafe verification.takeUnretainedValue().refused(store)
    }
    return isValid
}
