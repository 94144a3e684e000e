// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Where a client's certificates and key come from.
package struct TLSConfiguration: Sendable {
    /// PEM, in a file or in memory.
    package enum Material: Sendable, Hashable {
        case file(String)
        case pem([UInt8])
    }

    /// What a server's certificate must lead to; nil: the system's trust store.
    ///
    /// Any certificate in here is an anchor, an intermediate too.
    package var certificateAuthorities: Material?
    /// The client's certificate, followed by the intermediates that lead to its root.
    package var certificateChain: Material?
    /// The key of the client's certificate, without a passphrase.
    package var privateKey: Material?

    package init(
        certificateAuthorities: Material? = nil,
        certificateChain: Material? = nil,
        privateKey: Material? = nil
    ) {
        self.certificateAuthorities = certificateAuthorities
        self.certificateChain = certificateChain
        self.privateKey = privateKey
    }
}
