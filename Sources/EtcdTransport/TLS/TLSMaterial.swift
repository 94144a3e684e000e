// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitOpenSSL

/// One consistent set of authorities, certificate and key, loaded and checked.
struct TLSMaterial {
    let handle: TLSContextHandle
    private var own: (certificate: TLSCertificate, source: String)?
    private var stamps: [String: TLSMaterialFile.Stamp] = [:]

    init(loading configuration: TLSConfiguration) throws(TLSFailure) {
        handle = try TLSContextHandle()
        if let authorities = configuration.certificateAuthorities {
            let source = authorities.source
            let pem = try read(authorities, purpose: "certificate authority", .public)
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
            try loadIdentity(chain: chain, key: key)
        }
    }

    private mutating func loadIdentity(
        chain: TLSConfiguration.Material,
        key: TLSConfiguration.Material
    ) throws(TLSFailure) {
        let chainPEM = try read(chain, purpose: "client certificate", .public)
        let certificates = try TLSCertificate.parse(chainPEM, source: chain.source)
        var keyPEM = try read(key, purpose: "private key", .secret)
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
        _ secrecy: TLSMaterialFile.Secrecy
    ) throws(TLSFailure) -> [UInt8] {
        switch material {
        case .pem(let bytes):
            return bytes
        case .file(let path):
            let file = try TLSMaterialFile(path: path, purpose: purpose, secrecy: secrecy)
            stamps[path] = file.stamp
            return file.bytes
        }
    }

    /// Whether one of the files has changed since it was read.
    func isStale(for configuration: TLSConfiguration) -> Bool {
        stamps.contains { path, stamp in
            TLSMaterialFile.Stamp(path: path) != stamp
        }
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

extension TLSConfiguration.Material {
    /// What error messages call it.
    fileprivate var source: String {
        switch self {
        case .file(let path): path
        case .pem: "the PEM text given"
        }
    }
}
