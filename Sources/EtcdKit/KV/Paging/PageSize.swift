// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// How many keys to ask for next: so many that a page comes near to a size in bytes.
struct PageSize: Sendable, Equatable {
    /// Few enough for the largest values a server takes by default to fit any sensible limit.
    private static let firstLimit = 16
    private static let largestGrowth = 4

    private let maximumCount: Int
    private let targetByteCount: Int
    /// Bytes per key, as far as they are known.
    private var average: Int?

    /// The number of keys to ask for.
    private(set) var limit: Int

    init(maximumCount: Int, targetByteCount: Int) {
        self.maximumCount = maximumCount
        self.targetByteCount = targetByteCount
        self.limit = min(Self.firstLimit, maximumCount)
    }

    /// A page has come.
    ///
    /// - Parameters:
    ///   - count: how many keys it has.
    ///   - byteCount: their size.
    mutating func arrived(count: Int, byteCount: Int) {
        guard count > 0 else { return }
        let latest = max(1, byteCount / count)
        // Believes in large values at once, in small ones little by little.
        let average = max(latest, ((self.average ?? latest) * 3 + latest) / 4)
        self.average = average
        let (grown, isOverflow) = self.limit.multipliedReportingOverflow(by: Self.largestGrowth)
        let ceiling = isOverflow ? self.maximumCount : min(self.maximumCount, grown)
        self.limit = min(max(1, self.targetByteCount / average), ceiling)
    }

    /// The page asked for is larger than an answer may be.
    ///
    /// - Returns: false when nothing smaller can be asked for.
    mutating func wasTooLarge() -> Bool {
        guard self.limit > 1 else { return false }
        self.limit = max(1, self.limit / 8)
        return true
    }
}
