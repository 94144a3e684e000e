// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// How long to wait before a long-lived stream is opened again.
///
/// The first attempt is made at once, elsewhere if there is an elsewhere; then the waits grow, with
/// full jitter so that many clients do not come back at the same moment. Only a stream that lived
/// for a while starts the row anew: one that is accepted and closed again at once would else be
/// opened in a hot loop.
struct ReconnectBackoff {
    private static let base: Duration = .milliseconds(50)
    private static let cap: Duration = .seconds(2)
    private static let provenLife: Duration = .seconds(1)

    private var failures = 0

    /// A stream ended.
    ///
    /// - Parameter lifetime: How long it was open; nil if it could not be opened.
    /// - Returns: The longest time to wait; the caller picks a random part of it.
    mutating func streamEnded(after lifetime: Duration?) -> Duration {
        if let lifetime, lifetime >= Self.provenLife { self.failures = 0 }
        defer { self.failures = min(self.failures + 1, 16) }
        guard self.failures > 0 else { return .zero }
        return min(Self.base * (1 << (self.failures - 1)), Self.cap)
    }
}
