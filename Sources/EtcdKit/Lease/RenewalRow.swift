// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The renewals of one stream that are not answered, oldest first; one for each lease at most.
///
/// All leases of a client may come due at once, and an answer names a lease: so what is asked for by
/// a lease is found without looking at the others.
struct RenewalRow {
    typealias Instant = ContinuousClock.Instant

    private struct Renewal {
        let number: Int
        /// Nil while it waits for the stream to open.
        var sentAt: Instant?
        /// Whether the lease was renewed by a call meanwhile, so that this is not sent again.
        ///
        /// It stays in the row, for its answer must not be taken for that of a later renewal.
        var isMadeUpFor = false
    }

    /// A place in the row; its renewal may have left it.
    private struct Place {
        let id: EtcdLeaseID
        let number: Int
    }

    private var renewals: [EtcdLeaseID: Renewal] = [:]
    private var places: [Place] = []
    /// The places before this one are of renewals that have left.
    private var head = 0
    /// What waits to be sent, in order.
    private var waiting: [Place] = []
    private var lastNumber = 0

    /// How many places are kept, for the renewals there are and those that have left.
    var placeCount: Int { self.places.count + self.waiting.count }

    func contains(_ id: EtcdLeaseID) -> Bool {
        self.renewals[id] != nil
    }

    /// When the renewal was sent; nil if it was not, or is not there.
    func sentAt(_ id: EtcdLeaseID) -> Instant? {
        self.renewals[id]?.sentAt
    }

    /// The oldest one.
    var first: EtcdLeaseID? {
        self.places[self.head...].first { self.isTaken($0) }?.id
    }

    /// Puts one at the end of the row, to be sent.
    mutating func append(_ id: EtcdLeaseID) {
        self.lastNumber += 1
        let place = Place(id: id, number: self.lastNumber)
        self.renewals[id] = Renewal(number: place.number)
        self.places.append(place)
        self.waiting.append(place)
    }

    /// Takes one out, wherever it stands.
    mutating func remove(_ id: EtcdLeaseID) {
        self.renewals[id] = nil
        while self.head < self.places.count, !self.isTaken(self.places[self.head]) {
            self.head += 1
        }
        // Seldom enough that each renewal pays for a few steps only.
        let limit = 2 * self.renewals.count + 32
        if self.places.count > limit {
            self.places = self.places.filter { self.isTaken($0) }
            self.head = 0
        }
        if self.waiting.count > limit {
            self.waiting = self.waiting.filter { self.isTaken($0) }
        }
    }

    /// The lease was renewed by a call.
    mutating func madeUp(for id: EtcdLeaseID) {
        guard let renewal = self.renewals[id] else { return }
        if renewal.sentAt == nil {
            self.remove(id)
        } else {
            self.renewals[id]?.isMadeUpFor = true
        }
    }

    /// The lease needs an answer again.
    mutating func needs(_ id: EtcdLeaseID) {
        self.renewals[id]?.isMadeUpFor = false
    }

    /// Marks what waits as sent, and returns it in order.
    mutating func send(at now: Instant) -> [EtcdLeaseID] {
        let sent = self.waiting.filter { self.isTaken($0) }.map(\.id)
        self.waiting = []
        for id in sent { self.renewals[id]?.sentAt = now }
        return sent
    }

    /// The stream is replaced: what is still needed waits again.
    mutating func startOver() {
        self.places = self.needed
        self.head = 0
        self.waiting = self.places
        self.renewals = self.renewals.filter { !$0.value.isMadeUpFor }
        for place in self.places { self.renewals[place.id]?.sentAt = nil }
    }

    /// Empties the row.
    ///
    /// - Returns: The leases that still need an answer, in order.
    mutating func removeAll() -> [EtcdLeaseID] {
        let needed = self.needed.map(\.id)
        self.renewals = [:]
        self.places = []
        self.head = 0
        self.waiting = []
        return needed
    }

    private var needed: [Place] {
        self.places[self.head...].filter {
            self.isTaken($0) && self.renewals[$0.id]?.isMadeUpFor == false
        }
    }

    private func isTaken(_ place: Place) -> Bool {
        self.renewals[place.id]?.number == place.number
    }
}
