// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitLinux
import CEtcdKitOpenSSL
import Glibc

/// One consistent set of authorities, certificate and key, loaded and checked.
struct TLSMaterial: Sendable {
    /// The versions of the files that something came from, by path; a file that is missing is not
    /// in it.
    typealias Stamps = [String: TLSMaterialFile.Stamp]

    let handle: TLSContextHandle
    private(set) var own: (certificate: TLSCertificate, source: String)?
    private(set) var stamps: Stamps = [:]
    /// Of everything that was read; what is written again unchanged is no news.
    private(set) var digest: [UInt8] = []
    /// Whether equal stamps prove that nothing was written since.
    private(set) var isSettled = true

    init(loading configuration: TLSConfiguration) throws(TLSFailure) {
        handle = try TLSContextHandle()
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        let sum = SHA256Digest()
        defer { digest = sum.finish() }
        if let authorities = configuration.certificateAuthorities {
            let source = authorities.source
            let pem = try read(authorities, purpose: "certificate authority", .public, into: sum)
            try handle.trust(TLSCertificate.parse(pem, source: source), source: source)
        } else {
            handle.trustSystem()
        }

        switch (configuration.certificateChain, configuration.privateKey) {
        case (nil, nil):
            break
        case (_?, nil):
            throw .incompleteIdentity(missing: "private key")
        case (nil, _?):
            throw .incompleteIdentity(missing: "certificate")
        case (let chain?, let key?):
            try loadIdentity(chain: chain, key: key, into: sum)
        }
        isSettled = stamps.values.allSatisfy { $0.wasSettled(at: now) }
    }

    private mutating func loadIdentity(
        chain: TLSConfiguration.Material,
        key: TLSConfiguration.Material,
        into sum: SHA256Digest
    ) throws(TLSFailure) {
        let chainPEM = try read(chain, purpose: "client certificate", .public, into: sum)
        let certificates = try TLSCertificate.parse(chainPEM, source: chain.source)
        var keyPEM = try read(key, purpose: "private key", .secret, into: sum)
        defer {
            // Nothing of the key stays behind in memory that is given back.
            unsafe keyPEM.withUnsafeMutableBytes {
                unsafe OPENSSL_cleanse($0.baseAddress, $0.count)
            }
        }
        let privateKey = try TLSPrivateKey(parsing: keyPEM, source: key.source)
        guard let leaf = certificates.first, leaf.matches(privateKey) else {
            throw .keyMismatch(certificate: chain.source, key: key.source)
        }
        try handle.present(certificates, key: privateKey, source: chain.source)
        own = (leaf, chain.source)
    }

    private mutating func read(
        _ material: TLSConfiguration.Material,
        purpose: String,
        _ secrecy: TLSMaterialFile.Secrecy,
        into sum: SHA256Digest
    ) throws(TLSFailure) -> [UInt8] {
        switch material {
        case .pem(let bytes):
            return bytes
        case .file(let path):
            let file = try TLSMaterialFile(path: path, purpose: purpose, secrecy: secrecy)
            stamps[path] = file.stamp
            // The digest of the digests: where one file ends and the next begins matters.
            let part = SHA256Digest()
            part.update(file.bytes[...])
            sum.update(part.finish()[...])
            return file.bytes
        }
    }

    /// Whether these are the versions that it was made of.
    func isMade(of stamps: Stamps) -> Bool {
        isSettled && stamps == self.stamps
    }

    /// The files were written again with the same content.
    mutating func adoptStamps(of other: TLSMaterial) {
        stamps = other.stamps
        isSettled = other.isSettled
    }

    /// Servers refuse such a certificate with an alert that does not say why.
    func checkOwnValidity() throws(TLSFailure) {
        guard let (certificate, source) = own else {
            return
        }
        switch certificate.validity {
        case .current:
            break
        case .expired:
            throw .ownCertificateExpired(source: source, date: certificate.facts.notAfter)
        case .notYetValid:
            throw .ownCertificateNotYetValid(source: source, date: certificate.facts.notBefore)
        }
    }
}

extension TLSConfiguration {
    /// The versions of the files as they are now.
    func currentStamps() -> TLSMaterial.Stamps {
        var stamps: TLSMaterial.Stamps = [:]
        for case .file(let path)? in [certificateAuthorities, certificateChain, privateKey] {
            stamps[path] = TLSMaterialFile.Stamp(path: path)
        }
        return stamps
    }
}

extension TLSConfiguration.Material {
    /// What error messages call it.
    fileprivate var source: String {
        switch self {
        case .file(let path): path
        case .pem: "the PEM text given"
        }
    }
}
