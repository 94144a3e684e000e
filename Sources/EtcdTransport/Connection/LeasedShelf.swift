// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Values that several users share by key, and that are kept for a while after the last one left.
struct LeasedShelf<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Place {
        let value: Value
        var users: Int
        /// When the last user left.
        var idleSince: ContinuousClock.Instant?
    }

    private var places: [Key: Place] = [:]
    private let capacity: Int

    /// - Parameter capacity: how many values to keep; more only while they are in use.
    init(capacity: Int) {
        self.capacity = capacity
    }

    var values: [Value] {
        self.places.values.map(\.value)
    }

    /// Whether a value waits for its next user or its end.
    var hasIdle: Bool {
        self.places.values.contains { $0.idleSince != nil }
    }

    /// A user needs the value; it is made if there is none.
    ///
    /// - Returns: the value, and another one that had to give way.
    mutating func take(_ key: Key, make: () -> Value) -> (value: Value, surplus: Value?) {
        if var place = self.places[key] {
            place.users += 1
            place.idleSince = nil
            self.places[key] = place
            return (place.value, nil)
        }
        let surplus = self.places.count >= self.capacity ? self.removeLongestIdle() : nil
        let value = make()
        self.places[key] = Place(value: value, users: 1)
        return (value, surplus)
    }

    /// A user is done with the value.
    mutating func giveBack(_ key: Key, now: ContinuousClock.Instant) {
        guard var place = self.places[key] else {
            preconditionFailure("a value in use is not removed")
        }
        place.users -= 1
        if place.users == 0 { place.idleSince = now }
        self.places[key] = place
    }

    /// Removes and returns the values that nobody has used since then.
    mutating func removeIdle(since: ContinuousClock.Instant) -> [Value] {
        let expired = self.places.filter { $0.value.idleSince.map { $0 <= since } ?? false }
        for key in expired.keys { self.places[key] = nil }
        return expired.values.map(\.value)
    }

    private mutating func removeLongestIdle() -> Value? {
        let idle = self.places.compactMap { key, place in place.idleSince.map { (key, $0) } }
        guard let longest = idle.min(by: { $0.1 < $1.1 }) else { return nil }
        return self.places.removeValue(forKey: longest.0)?.value
    }
}
