// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Compares what the holder of a lease was told with what became of the lease's key.
///
/// Times are nanoseconds of one clock that runs on in suspend.
package struct LeaseOracle: Sendable {
    private struct Claim {
        var until: Int64
        /// From when on the holder gave the lease up itself.
        var closed: Int64?
    }

    private var claims: [String: Claim] = [:]

    package init() {}

    /// The holder of the lease of this key was told that it lives until then.
    package mutating func claimed(_ key: String, until: Int64) {
        var claim = self.claims[key] ?? Claim(until: until)
        claim.until = max(claim.until, until)
        self.claims[key] = claim
    }

    /// The holder begins to give it up.
    package mutating func closing(_ key: String, at time: Int64) {
        guard var claim = self.claims[key] else { return }
        claim.closed = claim.closed ?? time
        self.claims[key] = claim
    }

    /// Somebody saw at this time that the key was deleted.
    package func check(_ key: String, deletionSeen time: Int64) -> [Violation] {
        guard let claim = self.claims[key], time < claim.until else { return [] }
        if let closed = claim.closed, closed <= time { return [] }
        let early = Double(claim.until - time) / 1e9
        return [.init(.leaseEndedEarly, "\(key) was gone \(early) s before its lease could end")]
    }
}
