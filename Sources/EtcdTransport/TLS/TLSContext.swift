// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The certificates, key and rules that a client's TLS connections share.
package final class TLSContext: Sendable {
    package init(_ configuration: TLSConfiguration) throws(TLSFailure) {
    }
}
