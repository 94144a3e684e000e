// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitOpenSSL
import Glibc

/// What error messages tell about a certificate.
///
/// A stranger may have written it: all of it is bounded, and printable.
struct TLSCertificateFacts {
    let subject: String
    /// What etcd takes for the name of the user; nil if there is none.
    let commonName: String?
    let issuer: String
    let notBefore: String
    let notAfter: String
    /// The hosts and addresses that it was made out to.
    let names: [String]

    private static let maximumNames = 8
    private static let maximumLength = 256

    /// Reads an `X509`, which stays the caller's.
    @unsafe
    init(reading x509: OpaquePointer) {
        subject = unsafe Self.text(of: X509_get_subject_name(x509))
        commonName = unsafe Self.commonName(of: X509_get_subject_name(x509))
        issuer = unsafe Self.text(of: X509_get_issuer_name(x509))
        notBefore = unsafe Self.text(ofTime: X509_get0_notBefore(x509))
        notAfter = unsafe Self.text(ofTime: X509_get0_notAfter(x509))
        names = unsafe Self.names(of: x509)
    }

    @unsafe
    private static func text(of name: OpaquePointer?) -> String {
        guard let name = unsafe name, let bio = unsafe BIO_new(BIO_s_mem()) else {
            return "?"
        }
        defer { unsafe BIO_free(bio) }
        // Escapes controls, and everything beyond ASCII. -1: failed, and nothing usable printed.
        unsafe CEtcdKitOpenSSL_X509_NAME_print(bio, name)
        var start: UnsafePointer<CChar>?
        let count = unsafe CEtcdKitOpenSSL_BIO_get_mem_data(bio, &start)
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count)
        return unsafe printable(bytes)
    }

    /// The last one, as Go and so etcd takes it.
    @unsafe
    private static func commonName(of name: OpaquePointer?) -> String? {
        var last: Int32 = -1
        while true {
            // -1: no further one.
            let next = unsafe X509_NAME_get_index_by_NID(name, NID_commonName, last)
            guard next >= 0 else { break }
            last = next
        }
        guard last >= 0, let entry = unsafe X509_NAME_get_entry(name, last) else { return nil }
        var utf8: UnsafeMutablePointer<UInt8>?
        // The length, or negative for text that cannot be turned into UTF-8.
        let count = unsafe ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry))
        guard count >= 0, let utf8 = unsafe utf8 else { return nil }
        defer { unsafe CRYPTO_free(utf8, nil, 0) }
        return unsafe printable(UnsafeRawBufferPointer(start: utf8, count: Int(count)))
    }

    @unsafe
    private static func text(ofTime time: UnsafePointer<ASN1_TIME>?) -> String {
        var parts = unsafe tm()
        // 1: converted; 0: malformed.
        guard let time = unsafe time, unsafe ASN1_TIME_to_tm(time, &parts) == 1 else {
            return "an unreadable date"
        }
        func pad(_ number: Int32) -> String {
            number < 10 ? "0\(number)" : "\(number)"
        }
        let (year, month, day) = unsafe (parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday)
        let (hour, minute, second) = unsafe (parts.tm_hour, parts.tm_min, parts.tm_sec)
        return "\(year)-\(pad(month))-\(pad(day)) \(pad(hour)):\(pad(minute)):\(pad(second)) UTC"
    }

    /// The time in seconds since 1970.
    @unsafe
    static func seconds(of time: UnsafePointer<ASN1_TIME>?) -> Int? {
        var parts = unsafe tm()
        // 1: converted; 0: malformed.
        guard let time = unsafe time, unsafe ASN1_TIME_to_tm(time, &parts) == 1 else {
            return nil
        }
        return unsafe timegm(&parts)
    }

    @unsafe
    private static func names(of x509: OpaquePointer) -> [String] {
        var list: OpaquePointer?
        let count = unsafe CEtcdKitOpenSSL_general_names(x509, &list)
        defer { unsafe CEtcdKitOpenSSL_general_names_free(list) }
        var names: [String] = []
        for index in 0..<max(0, count) {
            if names.count == maximumNames {
                names.append("…")
                break
            }
            var data: UnsafePointer<UInt8>?
            var length: Int32 = 0
            let type = unsafe CEtcdKitOpenSSL_general_name(list, index, &data, &length)
            let bytes = unsafe UnsafeRawBufferPointer(start: data, count: Int(length))
            switch type {
            case GEN_DNS:
                unsafe names.append(printable(bytes))
            case GEN_IPADD:
                unsafe names.append(address(bytes))
            default:
                break
            }
        }
        return names
    }

    private static func printable(_ bytes: UnsafeRawBufferPointer) -> String {
        let kept = unsafe bytes.prefix(maximumLength).map {
            (0x20..<0x7F) ~= $0 ? $0 : UInt8(ascii: "?")
        }
        return String(decoding: kept, as: UTF8.self) + (bytes.count > kept.count ? "…" : "")
    }

    private static func address(_ bytes: UnsafeRawBufferPointer) -> String {
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard bytes.count == 4 || bytes.count == 16 else {
            return "an address of \(bytes.count) bytes"
        }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        return unsafe text.withUnsafeMutableBufferPointer { text in
            // The buffer, or null when the family is unknown or the buffer too short.
            unsafe inet_ntop(family, bytes.baseAddress, text.baseAddress, socklen_t(text.count))
                .map { unsafe String(cString: $0) }
        } ?? "?"
    }
}
