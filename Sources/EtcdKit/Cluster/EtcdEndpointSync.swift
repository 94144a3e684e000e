// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What a client made of the members' client URLs.
public struct EtcdEndpointSync: Sendable, Hashable {
    /// Where the client connects from now on, as URLs: the endpoints of its configuration first.
    public var endpoints: [String]

    /// The endpoints that are new among them.
    public var added: [String]

    /// The endpoints that the client used before and no longer does.
    public var removed: [String]

    /// What the members tell and the client does not use.
    public var skipped: [Skipped]

    /// A client URL that is not used, or a member none of whose URLs is.
    public struct Skipped: Sendable, Hashable {
        /// The member.
        public var member: EtcdMemberID

        /// The URL as the member tells it; nil when it is about the whole member.
        public var url: String?

        /// Why.
        public var reason: Reason
    }

    /// Why a URL is not used.
    ///
    /// More may be added, so a `switch` over it needs a `default`.
    public struct Reason: Sendable, Hashable, CustomStringConvertible {
        /// The reason in words.
        public let description: String

        /// The member does not vote and takes no writes.
        public static let learner = Reason(description: "the member is a learner")

        /// The member has not been started since it was added.
        public static let notStarted = Reason(description: "the member has not been started")

        /// The URL is not of the form that endpoints have.
        public static let malformed = Reason(description: "not an endpoint a client can use")

        /// The host is `0.0.0.0` or `[::]`: the member listens there, but nobody can connect to it.
        public static let unspecifiedHost = Reason(
            description: "0.0.0.0 and [::] are no addresses to connect to; "
                + "start the member with --advertise-client-urls"
        )

        /// The host is `localhost` or the like, and none of the configured endpoints is: it means
        /// another machine there than here.
        public static let loopback = Reason(
            description: "the host is the machine itself, whichever that is; "
                + "start the member with --advertise-client-urls"
        )

        /// The URL begins with `http://`, and the client is configured for TLS.
        public static let withoutTLS = Reason(
            description: "plain text, and the client is configured for TLS"
        )

        /// The URL begins with `https://`, and the client is configured for plain text.
        public static let needsTLS = Reason(
            description: "wants TLS, and the client is configured without"
        )
    }
}
