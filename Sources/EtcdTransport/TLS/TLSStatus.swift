// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How the certificates of a client stand.
///
/// Times are seconds since 1970.
package struct TLSStatus: Sendable, Hashable {
    package struct Failure: Sendable, Hashable {
        package let time: Int
        package let reason: TLSFailure

        package init(time: Int, reason: TLSFailure) {
            self.time = time
            self.reason = reason
        }
    }

    /// When the client's certificate ends to be valid; nil without one.
    package let certificateEnd: Int?
    /// The common name of that certificate, printable; nil if there is none.
    package let commonName: String?
    /// When other files were last taken; nil when those in use are the first.
    package let lastReload: Int?
    /// When files that had changed were last found not to fit, and why.
    package let lastFailure: Failure?

    package init(
        certificateEnd: Int?,
        commonName: String? = nil,
        lastReload: Int?,
        lastFailure: Failure?
    ) {
        self.certificateEnd = certificateEnd
        self.commonName = commonName
        self.lastReload = lastReload
        self.lastFailure = lastFailure
    }
}

/// The time of day, which certificates go by.
package enum WallClock {
    /// Seconds since 1970.
    package static var seconds: Int {
        time(nil)
    }
}

extension TLSCertificate {
    private static let longestNotice = 7 * 86_400

    /// Whether it ends within a week, or within the last fifth of its life if that is less:
    /// certificates that live for a day are not spoken of all day long.
    func isNearItsEnd(at now: Int) -> Bool {
        guard let lifetime else {
            return false
        }
        return lifetime.upperBound - now < min(Self.longestNotice, lifetime.count / 5)
    }
}
