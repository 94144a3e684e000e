// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A moment by some unit's wall clock: for showing to people, never for deciding.
public struct RollingLockTimestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Milliseconds since the beginning of 1970, UTC.
    public var millisecondsSince1970: Int64

    /// Makes a moment.
    ///
    /// - Parameter millisecondsSince1970: Milliseconds since the beginning of 1970, UTC.
    public init(millisecondsSince1970: Int64) {
        self.millisecondsSince1970 = millisecondsSince1970
    }

    /// How long after this moment another one lies; negative if it lies before.
    ///
    /// - Parameter other: The other moment.
    /// - Returns: The time between, as the two clocks see it.
    public func duration(to other: RollingLockTimestamp) -> Duration {
        .milliseconds(
            other.millisecondsSince1970.subtractingReportingOverflow(
                self.millisecondsSince1970
            ).partialValue
        )
    }

    /// Orders by time.
    public static func < (lhs: RollingLockTimestamp, rhs: RollingLockTimestamp) -> Bool {
        lhs.millisecondsSince1970 < rhs.millisecondsSince1970
    }

    /// The moment as ISO 8601 in UTC, to the second: `2026-11-23T12:50:00Z`.
    public var description: String {
        let second = self.millisecondsSince1970.flooredDivision(by: 1000)
        let day = second.flooredDivision(by: 86400)
        let secondOfDay = second - day * 86400
        let (year, month, dayOfMonth) = Self.civilDate(daysSince1970: day)
        func padded(_ number: Int64, _ width: Int = 2) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(padded(year, 4))-\(padded(month))-\(padded(dayOfMonth))T"
            + "\(padded(secondOfDay / 3600)):\(padded(secondOfDay / 60 % 60))"
            + ":\(padded(secondOfDay % 60))Z"
    }

    /// The proleptic Gregorian date of a day, counted in eras of 400 years that begin in March.
    private static func civilDate(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = daysSince1970 + 719_468
        let era = shifted.flooredDivision(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
