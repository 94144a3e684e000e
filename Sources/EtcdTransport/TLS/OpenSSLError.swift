// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitOpenSSL

/// One entry of OpenSSL's error queue, which belongs to the thread.
struct OpenSSLError {
    private let code: UInt

    /// Forgets what earlier calls, on any object, left in this thread's queue.
    static func clear() {
        ERR_clear_error()
    }

    /// The newest entry; the queue is empty afterwards.
    static func last() -> OpenSSLError {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        return OpenSSLError(code: code)
    }

    /// The oldest entry, the cause of the ones after it; the queue is empty afterwards.
    static func first() -> OpenSSLError {
        let code = ERR_peek_error()
        ERR_clear_error()
        return OpenSSLError(code: code)
    }

    /// The reason, when it is libssl's.
    var sslReason: Int32? {
        ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : nil
    }

    /// The alert that the peer sent, when that is what it was.
    var alert: TLSAlert? {
        guard let reason = sslReason, (SSL_AD_REASON_OFFSET..<SSL_AD_REASON_OFFSET + 256) ~= reason
        else {
            return nil
        }
        return TLSAlert(rawValue: Int(reason - SSL_AD_REASON_OFFSET))
    }

    /// Whether a PEM reader has simply come to the end of its input.
    var isEndOfPEM: Bool {
        code == 0
            || ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE
    }

    /// OpenSSL's words: a fixed text for each reason, without any data.
    var text: String {
        // A static string, or null for an unknown reason.
        guard code != 0, let text = unsafe ERR_reason_error_string(code) else {
            return "error \(code)"
        }
        return unsafe String(cString: text)
    }
}
