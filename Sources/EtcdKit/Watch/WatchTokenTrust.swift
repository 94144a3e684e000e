// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Knows how far the server's refusal of a watch can be taken at its word.
///
/// A stream keeps the token it was opened with, and an old server says "permission denied" when
/// that has expired. A token that replaced a rejected one just now has not.
struct WatchTokenTrust {
    /// How old a token may be for a refusal to be taken at its word: no older than the shortest life
    /// that etcd gives to one.
    private static let trustedAge: Duration = .seconds(1)

    /// The last token that was given up, and when: a later one is younger than that.
    private var rejected: (generation: UInt64, at: ContinuousClock.Instant)?

    /// A stream was given up because of its token.
    mutating func reject(_ generation: UInt64) {
        self.rejected = (generation, .now)
    }

    /// What is known of the credentials of a stream.
    ///
    /// - Parameters:
    ///   - generation: The number of the stream's token.
    ///   - current: The number of the token in use now. Calls may have found the stream's rejected.
    /// - Returns: How far to trust it.
    func credentials(
        of generation: UInt64,
        current: UInt64?
    ) -> WatchStateMachine.Credentials {
        guard let rejected = self.rejected, generation > rejected.generation,
            generation == current
        else { return .aged }
        return ContinuousClock.now - rejected.at < Self.trustedAge ? .fresh : .aged
    }
}
