// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdClient {
    /// Who a client is: a user of etcd with the password, or whoever a token stands for.
    ///
    /// A password is exchanged for a token when the client first needs one, and again when the
    /// server no longer takes the token. On a cluster where authentication is switched off
    /// credentials mean nothing.
    ///
    /// What is in them never appears in descriptions, logs or errors, the name of the user excepted,
    /// which the description has.
    public struct Credentials: Sendable {
        enum Kind: Sendable {
            case password(user: String, password: String)
            case token(String)
            case tokens(@Sendable () async throws -> String)
        }

        let kind: Kind

        private init(_ kind: Kind) {
            self.kind = kind
        }

        /// A user and the password.
        ///
        /// - Parameters:
        ///   - user: the name of the user.
        ///   - password: the password.
        public init(user: String, password: String) {
            self.init(.password(user: user, password: password))
        }

        /// A token that somebody else got or signed, such as a JWT.
        ///
        /// When the server does not take it any more, calls fail with
        /// ``EtcdError/Code/unauthenticated`` until ``EtcdClient/updateCredentials(_:)`` gives
        /// another one. etcd refuses a JWT made before the last change of users and roles, however
        /// long it is valid.
        ///
        /// - Parameter token: the token, printable ASCII without spaces.
        /// - Returns: the credentials.
        public static func token(_ token: String) -> Credentials {
            Credentials(.token(token))
        }

        /// Tokens from a closure.
        ///
        /// It is called when the client first needs a token, and again when the server no longer
        /// takes the last one; once for all calls that wait. It has
        /// ``EtcdClient/Configuration/requestTimeout``, and is cancelled then. What it throws is the
        /// ``EtcdError/cause`` of an ``EtcdError/Code/authenticationFailed`` that calls end with;
        /// streams try again, with growing pauses.
        ///
        /// ```swift
        /// configuration.credentials = .tokens { try await tokenService.etcdToken() }
        /// ```
        ///
        /// - Parameter provider: gets a token, printable ASCII without spaces.
        /// - Returns: the credentials.
        public static func tokens(
            _ provider: @escaping @Sendable () async throws -> String
        ) -> Credentials {
            Credentials(.tokens(provider))
        }
    }

    /// Gives the client other credentials while it runs, as after the password was changed.
    ///
    /// Calls that begin afterwards, and those that wait for a token, are made with the new ones; calls
    /// under way end with the old ones. Watches and lease sessions open their streams again with the
    /// new ones and go on where they were, without losing or repeating an event. If the server
    /// refuses the new ones watches end with ``EtcdError/Code/authenticationFailed``, and calls fail
    /// with it until there are better ones.
    ///
    /// The clients that share connections with this one have the new credentials, too. Changing a
    /// user's password on the server makes its tokens invalid: update the client right after it.
    ///
    /// - Parameter credentials: the new credentials; nil for none beyond client certificates.
    /// - Throws: ``EtcdError`` with ``EtcdError/Code/invalidArgument`` when the name of the user is
    ///   empty, or a token cannot be sent; the old credentials stay then.
    public func updateCredentials(_ credentials: Credentials?) throws {
        try credentials?.check()
        self.core.replaceCredentials(credentials)
    }
}

extension EtcdClient.Credentials: CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The user only, or that it is a token.
    public var description: String {
        switch self.kind {
        case .password(let user, _): "<credentials of \(user)>"
        case .token: "<a token>"
        case .tokens: "<tokens from a closure>"
        }
    }

    /// The same as ``description``.
    public var debugDescription: String {
        self.description
    }

    /// A mirror without children, so that a dump does not show the password.
    public var customMirror: Mirror {
        Mirror(self, children: [])
    }
}
