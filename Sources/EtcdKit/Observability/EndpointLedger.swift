// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Remembers how the endpoints of a client fare, and tells what is worth saying about it.
///
/// ```
///             failed, lost                failed, lost (said once)
///   fine ───────────────────▶ failing ◀────────┐
///    ▲                          │ └────────────┘
///    └──────── connected ───────┘
/// ```
///
/// An endpoint that is down fails again and again: only the first failure and the recovery are
/// news.
struct EndpointLedger {
    typealias Instant = ContinuousClock.Instant

    /// A failure of an endpoint.
    struct Failure: Hashable, Sendable {
        /// What happened, in words.
        var reason: String
        var at: Instant
    }

    /// One endpoint.
    struct Entry: Hashable, Sendable {
        /// The last failure, kept after it has recovered.
        var lastFailure: Failure?
        /// Whether it has failed since it was last connected to.
        var isFailing = false
        /// How many connections there are.
        var connections = 0
        /// How many there have been.
        var connectCount = 0
        fileprivate var touchedAt: Instant
    }

    /// What to say.
    enum News: Equatable {
        /// A connection was lost, the first sign of trouble.
        case lost
        /// It cannot be connected to, the first sign of trouble.
        case unreachable
        /// It can be connected to again.
        case restored
        /// Nothing that is worth more than a line for debugging.
        case none
    }

    /// Endpoints come and go with the members of a cluster.
    private static let limit = 256

    private(set) var entries: [String: Entry] = [:]

    /// There is a connection.
    mutating func connected(_ endpoint: String, at now: Instant) -> News {
        self.update(endpoint, at: now) { entry in
            entry.connections += 1
            entry.connectCount += 1
            defer { entry.isFailing = false }
            return entry.isFailing ? .restored : .none
        }
    }

    /// A connection could not be made.
    mutating func failed(_ endpoint: String, _ reason: String, at now: Instant) -> News {
        self.update(endpoint, at: now) { entry in
            entry.lastFailure = Failure(reason: reason, at: now)
            defer { entry.isFailing = true }
            return entry.isFailing ? .none : .unreachable
        }
    }

    /// A connection ended.
    ///
    /// - Parameters:
    ///   - endpoint: where.
    ///   - reason: why; nil if it was this client's decision.
    ///   - now: the present moment.
    /// - Returns: what to say.
    mutating func ended(_ endpoint: String, _ reason: String?, at now: Instant) -> News {
        self.update(endpoint, at: now) { entry in
            entry.connections = max(0, entry.connections - 1)
            guard let reason else { return .none }
            entry.lastFailure = Failure(reason: reason, at: now)
            defer { entry.isFailing = true }
            return entry.isFailing ? .none : .lost
        }
    }

    private mutating func update(
        _ endpoint: String,
        at now: Instant,
        _ change: (inout Entry) -> News
    ) -> News {
        var entry = self.entries[endpoint] ?? Entry(touchedAt: now)
        entry.touchedAt = now
        let news = change(&entry)
        if self.entries[endpoint] == nil, self.entries.count >= Self.limit { self.dropOldest() }
        self.entries[endpoint] = entry
        return news
    }

    private mutating func dropOldest() {
        let idle = self.entries.filter { $0.value.connections == 0 }
        let oldest = idle.min { $0.value.touchedAt < $1.value.touchedAt }
        if let oldest { self.entries[oldest.key] = nil }
    }
}
