// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// How many tickets may hold a lock together.
///
/// All units of a lock must agree: the limits are kept in etcd once, and whoever says others is
/// refused. Without limits in etcd a lock has one slot.
public struct RollingLockLimits: Hashable, Sendable, CustomStringConvertible {
    private enum Value: Hashable, Sendable {
        case slots(Int)
        case percent(Int, units: Int)
    }

    /// The most slots or units that are accepted.
    public static let maximumCount = 100_000

    private var value: Value

    /// One holder at a time: what a lock has unless something else is kept in etcd.
    public static var one: RollingLockLimits { RollingLockLimits(value: .slots(1)) }

    /// A number of holders.
    ///
    /// - Parameter count: How many, from 1 to ``maximumCount``.
    /// - Returns: The limits.
    /// - Throws: ``RollingLockError`` with ``RollingLockError/Code/invalidArgument``.
    public static func slots(_ count: Int) throws -> RollingLockLimits {
        guard (1...self.maximumCount).contains(count) else {
            throw RollingLockError(
                code: .invalidArgument,
                message: "the number of slots must be from 1 to \(self.maximumCount)"
            )
        }
        return RollingLockLimits(value: .slots(count))
    }

    /// A part of a declared number of units, rounded down, but at least one.
    ///
    /// - Parameters:
    ///   - percent: How many of a hundred units, from 1 to 100.
    ///   - units: How many units there are, from 1 to ``maximumCount``.
    /// - Returns: The limits.
    /// - Throws: ``RollingLockError`` with ``RollingLockError/Code/invalidArgument``.
    public static func percent(_ percent: Int, ofUnits units: Int) throws -> RollingLockLimits {
        guard (1...100).contains(percent), (1...self.maximumCount).contains(units) else {
            throw RollingLockError(
                code: .invalidArgument,
                message: "slots must be 1 to 100 percent of 1 to \(self.maximumCount) units"
            )
        }
        return RollingLockLimits(value: .percent(percent, units: units))
    }

    /// How many tickets may hold the lock together.
    public var slotCount: Int {
        switch self.value {
        case .slots(let count): count
        case .percent(let percent, let units): max(1, units * percent / 100)
        }
    }

    /// The limits in words: `3 slots`, `25 % of 20 units (5 slots)`.
    public var description: String {
        let slots = self.slotCount == 1 ? "1 slot" : "\(self.slotCount) slots"
        switch self.value {
        case .slots: return slots
        case .percent(let percent, let units):
            return "\(percent) % of \(units) unit\(units == 1 ? "" : "s") (\(slots))"
        }
    }

    /// The last element of the key that keeps the limits.
    var keyElement: String {
        switch self.value {
        case .slots(let count): "slots=\(count)"
        case .percent(let percent, let units): "percent=\(percent),units=\(units)"
        }
    }

    /// Reads the last element of a key; `nil` if it is not exactly what ``keyElement`` writes.
    init?(keyElement: some Collection<UInt8>) {
        let text = String(decoding: keyElement, as: UTF8.self)
        let numbers = text.split(whereSeparator: { !$0.isASCII || !$0.isNumber }).map { Int($0) }
        let limits: RollingLockLimits?
        switch (numbers.first ?? nil, numbers.dropFirst().first ?? nil) {
        case (let count?, nil): limits = try? .slots(count)
        case (let percent?, let units?): limits = try? .percent(percent, ofUnits: units)
        default: limits = nil
        }
        guard let limits, limits.keyElement == text else { return nil }
        self = limits
    }

    private init(value: Value) {
        self.value = value
    }
}
