// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A lease that the server has granted.
public struct EtcdLeaseGrant: Sendable, Hashable {
    /// The lease's ID.
    public var id: EtcdLeaseID
    /// The time to live that the server granted, in whole seconds.
    ///
    /// Can be longer than the one asked for: the server has a minimum, about two seconds.
    public var ttl: Duration

    /// Creates a grant.
    ///
    /// - Parameters:
    ///   - id: The lease's ID.
    ///   - ttl: The time to live granted.
    public init(id: EtcdLeaseID, ttl: Duration) {
        self.id = id
        self.ttl = ttl
    }
}

/// How long a lease has left, and what is attached to it.
public struct EtcdLeaseTimeToLive: Sendable, Hashable {
    /// The lease's ID.
    public var id: EtcdLeaseID
    /// What is left until the lease expires unless it is renewed, in whole seconds.
    public var remaining: Duration
    /// The time to live that was granted.
    public var granted: Duration
    /// The keys that are deleted with the lease, if they were asked for.
    public var keys: [EtcdBytes]

    /// Creates the description of a lease.
    ///
    /// - Parameters:
    ///   - id: The lease's ID.
    ///   - remaining: What is left of it.
    ///   - granted: The time to live that was granted.
    ///   - keys: The keys attached to it.
    public init(
        id: EtcdLeaseID,
        remaining: Duration,
        granted: Duration,
        keys: [EtcdBytes] = []
    ) {
        self.id = id
        self.remaining = remaining
        self.granted = granted
        self.keys = keys
    }
}
