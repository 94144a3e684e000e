// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

/// How long to wait before a long-lived stream is opened again.
///
/// The first attempt is made at once, elsewhere if there is an elsewhere; then the waits grow, with
/// full jitter so that many clients do not come back at the same moment. Only a stream that lived
/// for a while starts the row anew: one that is accepted and closed again at once would else be
/// opened in a hot loop.
struct ReconnectBackoff {
    private static let provenLife: Duration = .seconds(1)

    private var backoff = Backoff()
    private var hasFailed = false

    /// A stream ended.
    ///
    /// - Parameter lifetime: How long it was open; nil if it could not be opened.
    /// - Returns: The longest time to wait; the caller picks a random part of it.
    mutating func streamEnded(after lifetime: Duration?) -> Duration {
        if let lifetime, lifetime >= Self.provenLife {
            self.backoff.reset()
            self.hasFailed = false
        }
        defer { self.hasFailed = true }
        return self.hasFailed ? self.backoff.next() : .zero
    }
}
