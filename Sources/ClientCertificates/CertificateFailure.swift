// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Why a certificate could not be made or read.
package struct CertificateFailure: Error, Sendable, CustomStringConvertible {
    /// Half a sentence; never anything of a key.
    package var description: String

    init(_ description: String) { self.description = description }
}
