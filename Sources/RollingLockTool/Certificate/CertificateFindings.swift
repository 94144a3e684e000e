// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ClientCertificates
import Glibc

/// Whether a certificate is good for a client of etcd.
enum CertificateFindings {
    /// From here on its end is near.
    private static let noticeDays = 30

    /// What speaks for and against a certificate.
    static func of(_ facts: CertificateFacts) -> [Finding] {
        if facts.isAuthority == true {
            return [self.dates(facts), .ok("purpose", "it is a CA's; clients do not present it")]
        }
        return [self.dates(facts), self.purpose(facts), self.name(facts)]
    }

    /// Whether a private key belongs to it.
    static func of(
        _ facts: CertificateFacts,
        key: [UInt8],
        source: String
    ) throws -> Finding {
        try facts.belongs(to: key, source: source)
            ? .ok("key", "the private key belongs to it")
            : .failed("key", "the private key belongs to another certificate")
    }

    private static func dates(_ facts: CertificateFacts) -> Finding {
        let now = time(nil)
        if now < facts.notBefore {
            return .failed("dates", "it is not valid yet by this machine's clock")
        }
        guard now < facts.notAfter else { return .failed("dates", "it has expired") }
        let left = facts.notAfter - now
        let text = left < 172_800 ? "\(left / 3600) hours" : "\(left / 86_400) days"
        // Who issues certificates for a month replaces them in time.
        let life = facts.notAfter - facts.notBefore
        return left < min(self.noticeDays * 86_400, life / 5)
            ? .warning("dates", "it ends in \(text)") : .ok("dates", "valid for another \(text)")
    }

    private static func purpose(_ facts: CertificateFacts) -> Finding {
        if facts.isForClients == false {
            return .failed("purpose", "its extended key usage is not for clients")
        }
        if facts.maySignCertificates == true {
            return .warning(
                "purpose",
                "its key usage is that of a CA; charmed-etcd refuses it"
            )
        }
        guard facts.isAuthority != nil else {
            return .warning(
                "purpose",
                "it has no BasicConstraints; charmed-etcd wants CA:FALSE said"
            )
        }
        return .ok("purpose", "good for a client")
    }

    private static func name(_ facts: CertificateFacts) -> Finding {
        guard let name = facts.commonName, !name.isEmpty else {
            return .failed("user", "it has no common name, so etcd sees no user in it")
        }
        guard name != "root" else {
            return .warning("user", "to etcd it is root, who may do everything")
        }
        return .ok("user", "to etcd it is \(name.printable)")
    }
}
