// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What a client is doing at a moment: endpoints, connections, watches, leases.
///
/// For people who want to know why something does not go on, and for tools that show it. Get it
/// by ``EtcdClient/diagnostics()``, print it, or encode it: times are encoded in seconds. It has
/// no keys, values, user names, passwords or tokens.
public struct EtcdDiagnostics: Sendable, Hashable {
    /// Whether the client was shut down.
    public var isShutDown = false

    /// The endpoints to choose from, in their order, and then those of members that were named in
    /// calls.
    public var endpoints: [Endpoint] = []

    /// The watches of the client.
    public var watches = Watches()

    /// The leases that are renewed.
    public var leases: [Lease] = []

    /// The token that calls carry.
    public var token = TokenState.notNeeded

    /// The client's cluster, see ``EtcdCluster/id``; nil before the first answer.
    public var clusterID: UInt64?

    /// The endpoints that are not used because they belong to another cluster.
    public var foreignEndpoints: [ForeignEndpoint] = []

    /// How certificates stand; nil without TLS.
    public var tls: TLS?

    /// The highest revision that an answer has told of; nil if none has.
    public var highestRevision: EtcdRevision?

    /// How an endpoint fares.
    public struct Endpoint: Sendable, Hashable, Encodable {
        /// The endpoint, such as `https://10.0.0.1:2379`.
        public var url: String
        /// Whether it is in the list that calls choose from.
        public var isListed: Bool
        /// What is known of it.
        public var state: EndpointState
        /// The connections to it.
        public var connections: [Connection] = []
        /// How often it has been connected to.
        public var connectCount = 0
        /// The last failure, also of an endpoint that has recovered; nil if there was none.
        public var lastFailure: Failure?
    }

    /// What is known of an endpoint.
    public enum EndpointState: String, Sendable, Hashable, Encodable {
        /// It was not needed so far, or no more.
        case unused
        /// A first connection is under way.
        case connecting
        /// There are connections to it.
        case connected
        /// Something is wrong with it, and calls go there for want of a better one.
        case suspect
        /// It has failed, and gets no calls until it is found to work again.
        case failing
    }

    /// An endpoint that belongs to another cluster than the client's.
    public struct ForeignEndpoint: Sendable, Hashable {
        /// The endpoint.
        public var url: String
        /// The cluster that its member says it is of.
        public var clusterID: UInt64
    }

    /// How the certificates of a client stand, by the time of day.
    public struct TLS: Sendable, Hashable {
        /// How long the client's own certificate is still valid, below zero if it is no more; nil if
        /// the client has none.
        public var certificateRemaining: Duration?
        /// How long ago files that had changed were taken; nil when the first ones are in use.
        public var lastReloadAge: Duration?
        /// When files that had changed were last found not to fit, and why; nil if they never were.
        public var lastReloadFailure: Failure?
    }

    /// A failure of an endpoint, or of certificates.
    public struct Failure: Sendable, Hashable {
        /// What happened.
        public var reason: String
        /// How long ago.
        public var age: Duration
    }

    /// A connection.
    public struct Connection: Sendable, Hashable {
        /// What it is for, such as `unary` or `streams`.
        public var role: String
        /// How long it has been there.
        public var age: Duration
        /// How many calls and streams are on it.
        public var calls: Int
        /// How many of them wait for the server to take more at once.
        public var waitingCalls: Int
    }

    /// The watches of a client.
    public struct Watches: Sendable, Hashable, Encodable {
        /// How many there are.
        public var count = 0
        /// How many of them were stopped on the server because their consumers are behind.
        public var suspendedCount = 0
        /// The streams that carry them.
        public var streams: [Stream] = []
    }

    /// A stream that carries watches.
    public struct Stream: Sendable, Hashable {
        /// Where it leads.
        public var url: String
        /// How long it has been open.
        public var age: Duration
    }

    /// A lease that is renewed.
    public struct Lease: Sendable, Hashable {
        /// The lease.
        public var id: EtcdLeaseID
        /// Whether it can be relied on.
        public var state: LeaseState
        /// How long it can be relied on from now without a further renewal.
        public var remaining: Duration
        /// Whether a renewal is on its way and not answered.
        public var isBeingRenewed: Bool
        /// Where the stream leads that it is renewed on; nil while there is none.
        public var renewalURL: String?
    }

    /// Whether a lease can be relied on.
    public enum LeaseState: String, Sendable, Hashable, Encodable {
        /// Renewals are answered.
        case live
        /// A renewal is overdue.
        case suspect
        /// It must not be relied on any more.
        case lost
    }

    /// Whether calls have the token they need.
    public enum TokenState: String, Sendable, Hashable, Encodable {
        /// There is none to be got: the client has no credentials, or was given a token.
        case notNeeded
        /// None was asked for yet, or the last one was rejected.
        case missing
        /// The server was asked for one.
        case fetching
        /// There is one, or the cluster wants none.
        case present
        /// The server gave none, and is not asked again for a while.
        case refused
    }
}
