// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The certificates, key and rules that a client's TLS connections share.
///
/// Files are read when the context is made, and again for a new connection when one of them has
/// changed since: certificates may be rotated under a running client. The new files are taken
/// together or not at all; as long as they do not fit (a rotation may be half done) the old ones
/// serve on.
package final class TLSContext: Sendable {
    private let configuration: TLSConfiguration
    private let current: Mutex<TLSMaterial>

    /// - Throws: A `TLSFailure` when a file cannot be used.
    package init(_ configuration: TLSConfiguration) throws(TLSFailure) {
        self.configuration = configuration
        let material = try TLSMaterial(loading: configuration)
        try material.checkOwnValidity()
        current = Mutex(material)
    }

    /// Whether there is a client certificate to show.
    var presentsCertificate: Bool {
        configuration.certificateChain != nil
    }

    /// What a new connection is to be made with.
    func handleForNewConnection() throws(TLSFailure) -> TLSContextHandle {
        let result = current.withLock { material -> Result<TLSContextHandle, TLSFailure> in
            var failure: TLSFailure?
            if material.isStale(for: configuration) {
                do throws(TLSFailure) {
                    material = try TLSMaterial(loading: configuration)
                } catch {
                    failure = error
                }
            }
            do throws(TLSFailure) {
                try material.checkOwnValidity()
                return .success(material.handle)
            } catch {
                // What is wrong with the successor explains more than that this one is spent.
                return .failure(failure ?? error)
            }
        }
        return try result.get()
    }
}
