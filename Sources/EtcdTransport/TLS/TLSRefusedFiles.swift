// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Files that cannot take the place of those in use, and what was said about it.
///
/// Whoever replaces certificate and key one after the other is given a second before anybody is
/// told, and then each version of the files is spoken of once.
struct TLSRefusedFiles {
    private static let patience: Duration = .seconds(1)

    /// What is wrong with them.
    private(set) var failure: TLSFailure
    private let since: ContinuousClock.Instant
    private var told: TLSMaterial.Stamps?

    init(_ failure: TLSFailure, since: ContinuousClock.Instant) {
        self.failure = failure
        self.since = since
    }

    /// Whether this is more than a moment between two files.
    func isSettled(at now: ContinuousClock.Instant) -> Bool {
        now - since >= Self.patience
    }

    /// The files were tried again.
    ///
    /// - Parameters:
    ///   - failure: what is wrong with them now.
    ///   - stamps: which version of them it was.
    ///   - now: the time.
    /// - Returns: whether to tell.
    mutating func refused(
        again failure: TLSFailure,
        _ stamps: TLSMaterial.Stamps,
        now: ContinuousClock.Instant
    ) -> Bool {
        self.failure = failure
        guard isSettled(at: now), told != stamps else {
            return false
        }
        told = stamps
        return true
    }
}
