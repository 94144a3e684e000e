// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Which of a client's streams carries the renewals of which lease.
///
/// A server handles the renewals of one stream one after the other, and one that it does not answer
/// holds up all behind it. So there are several streams, but never many, for a connection carries a
/// limited number: leases that must not be lost have one each as long as there are enough, the
/// others share, and a lease that held others up goes to a stream aside until it is answered
/// promptly there.
struct LeaseLanes {
    /// A stream, by what it is for.
    enum Lane: Hashable, Sendable {
        /// For leases that share.
        case shared(Int)
        /// For a lease that asked to be alone, and for more of them only if there are too many.
        case separate(Int)
        /// For leases that held up others.
        case aside(Int)

        var isAside: Bool {
            if case .aside = self { true } else { false }
        }
    }

    private static let shared = (0..<3).map { Lane.shared($0) }
    private static let separate = (0..<4).map { Lane.separate($0) }
    private static let aside = (0..<2).map { Lane.aside($0) }
    /// How many leases share a stream before there is another one.
    private static let sharedCapacity = 64

    private struct Place {
        var lane: Lane
        let home: Lane
    }

    private var places: [EtcdLeaseID: Place] = [:]
    private var counts: [Lane: Int] = [:]

    /// Where a lease is; nil if it was not added.
    subscript(id: EtcdLeaseID) -> Lane? { self.places[id]?.lane }

    /// How many leases a lane has.
    func count(on lane: Lane) -> Int { self.counts[lane, default: 0] }

    /// Gives a lease a place.
    mutating func add(_ id: EtcdLeaseID, isSeparate: Bool) {
        let home =
            isSeparate
            ? self.emptiest(of: Self.separate)
            : Self.shared.first { self.count(on: $0) < Self.sharedCapacity }
                ?? self.emptiest(of: Self.shared)
        self.places[id] = Place(lane: home, home: home)
        self.counts[home, default: 0] += 1
    }

    /// The lease is gone.
    ///
    /// - Returns: Its lane if that has no lease any more.
    mutating func remove(_ id: EtcdLeaseID) -> Lane? {
        guard let place = self.places.removeValue(forKey: id) else { return nil }
        return self.leave(place.lane)
    }

    /// Moves a lease aside that held up others.
    mutating func moveAside(_ id: EtcdLeaseID) -> Lane? {
        guard let place = self.places[id] else { return nil }
        return self.move(id, from: place.lane, to: self.emptiest(of: Self.aside))
    }

    /// Moves a lease back to where it belongs.
    ///
    /// - Returns: The lane it leaves if that has no lease any more.
    mutating func moveHome(_ id: EtcdLeaseID) -> Lane? {
        guard let place = self.places[id], place.lane != place.home else { return nil }
        return self.move(id, from: place.lane, to: place.home)
    }

    private mutating func move(_ id: EtcdLeaseID, from old: Lane, to new: Lane) -> Lane? {
        self.places[id]?.lane = new
        self.counts[new, default: 0] += 1
        return self.leave(old)
    }

    private mutating func leave(_ lane: Lane) -> Lane? {
        let count = self.count(on: lane) - 1
        self.counts[lane] = count > 0 ? count : nil
        return count > 0 ? nil : lane
    }

    private func emptiest(of lanes: [Lane]) -> Lane {
        lanes.min { self.count(on: $0) < self.count(on: $1) } ?? .shared(0)
    }
}
