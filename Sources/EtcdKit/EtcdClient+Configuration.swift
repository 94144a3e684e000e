// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

package import EtcdTransport
public import Logging

extension EtcdClient {
    /// Where and how a client connects.
    ///
    /// ```swift
    /// var configuration = EtcdClient.Configuration(endpoints: ["https://etcd-1:2379"])
    /// configuration.tls = .init(
    ///     certificateAuthorities: .file("ca.pem"),
    ///     certificate: .file("client.pem"),
    ///     privateKey: .file("client.key"))
    /// ```
    public struct Configuration: Sendable {
        /// The members to talk to, at least one unless there is ``discovery``.
        ///
        /// Each is `host:port`, `http://host:port` or `https://host:port`; an IPv6 address stands
        /// in brackets: `[::1]:2379`. Without a scheme, TLS is used if ``tls`` is set. The port
        /// may be left out and is 2379 then. The first connection goes to a random one. Names are
        /// resolved anew for every connection, and all their addresses are tried.
        ///
        /// `unix:///path` and, with TLS, `unixs:///path` lead to the socket with that file, of at
        /// most 107 bytes. A file has no name that a certificate could be for, so `unixs://` needs
        /// ``TLS/serverName``.
        ///
        /// ``EtcdCluster/replaceEndpoints(_:)`` changes the list later on.
        public var endpoints: [String]

        /// Where to find further endpoints.
        ///
        /// Default: nil, ``endpoints`` are all there are.
        public var discovery: Discovery?

        /// How often to do ``EtcdCluster/syncEndpoints()`` in the background, at least one second;
        /// each pause differs from it by up to a fifth, so that clients do not come in step.
        ///
        /// It begins with the first connection and ends with the client. A failure changes nothing
        /// and is logged when the first one comes. Default: nil, never.
        public var endpointSyncInterval: Duration?

        /// How to do TLS.
        ///
        /// Default: nil, that is plain text for endpoints without a scheme and the system's trusted
        /// authorities for `https://` ones.
        public var tls: TLS?

        /// User and password, or a token.
        ///
        /// ``EtcdClient/updateCredentials(_:)`` changes them while the client runs. Default: nil, no
        /// authentication beyond client certificates.
        public var credentials: Credentials?

        /// How long one attempt to connect to one endpoint may take, TLS included; also how long a
        /// call waits for the very first connection.
        ///
        /// Default: 5 seconds.
        public var connectTimeout: Duration = .seconds(5)

        /// How long a call may take, retries included.
        ///
        /// Default: 10 seconds, which is longer than the 7 seconds etcd itself gives a request, so
        /// that etcd's own answer, which says more, comes first. See
        /// ``EtcdClient/withRequestTimeout(_:)`` for single calls.
        public var requestTimeout: Duration = .seconds(10)

        /// The largest answer to accept, in bytes.
        ///
        /// Default: 64 MiB.
        public var maximumResponseSize: Int = 64 << 20

        /// How often a connection with open watches or lease sessions is probed.
        ///
        /// Default: 10 seconds; etcd closes connections that are probed more often than every 5
        /// seconds. While calls wait for answers it does not take so long: after 0.4 seconds the
        /// member is asked, and after another 0.5 without an answer calls go to another endpoint.
        /// Where there are several endpoints, a stream of watches that brings nothing for two fifths
        /// of this time has its member asked, by a read of one key, whether it is in contact with
        /// the leader; a member that is not, or does not answer within 1.5 seconds, is left for
        /// another one.
        public var keepAliveInterval: Duration = .seconds(10)

        /// How long to wait for the answer to such a probe.
        ///
        /// Default: 4 seconds.
        public var keepAliveTimeout: Duration = .seconds(4)

        /// Whether to ask members for their status on the client's own account: `Maintenance/Status`
        /// on new connections, which tells who leads, and `grpc.health.v1` before a member that was
        /// left gets calls again.
        ///
        /// Without it the client makes no RPCs of its own accord but those of KV, Watch and Lease,
        /// and `Authenticate` for a user with a password. A new connection is asked for its cluster
        /// by a watch then, which ends at once, and renewals of leases do not prefer the leader.
        /// Default: true.
        public var asksForStatus: Bool = true

        /// Where to log.
        ///
        /// Default: a logger with the label `EtcdKit`. Nothing above `debug` is logged in normal
        /// operation, except that certificates were replaced, and never keys, values or credentials.
        public var logger: Logger = Logger(label: "EtcdKit")

        /// Who resolves names.
        package var resolver: NameResolver = .system

        /// Who observes the client beside the log; set by what the package's traits add.
        var observation = ObservationOptions()

        /// Makes a configuration; everything else has defaults.
        ///
        /// - Parameters:
        ///   - endpoints: the members to talk to, at least one.
        ///   - tls: how to do TLS.
        ///   - credentials: user and password, or a token.
        public init(endpoints: [String], tls: TLS? = nil, credentials: Credentials? = nil) {
            self.endpoints = endpoints
            self.tls = tls
            self.credentials = credentials
        }

        /// Makes a configuration that finds its endpoints; everything else has defaults.
        ///
        /// - Parameters:
        ///   - discovery: where to find endpoints.
        ///   - endpoints: members to talk to beside those found.
        ///   - tls: how to do TLS.
        ///   - credentials: user and password.
        public init(
            discovery: Discovery,
            endpoints: [String] = [],
            tls: TLS? = nil,
            credentials: Credentials? = nil
        ) {
            self.init(endpoints: endpoints, tls: tls, credentials: credentials)
            self.discovery = discovery
        }
    }

    /// How a client does TLS: whom it trusts and how it identifies itself.
    ///
    /// TLS 1.2 and 1.3 are spoken. The server's certificate is always checked against the trusted
    /// authorities and against the endpoint's own host name or IP address.
    public struct TLS: Sendable {
        /// Certificates to trust, instead of the system's.
        ///
        /// Files, here and below, may be replaced while the client runs; it notices within a few
        /// seconds.
        /// An intermediate or a server's own certificate will do as well as a root. Default: nil,
        /// the system's trusted authorities.
        public var certificateAuthorities: Source?

        /// The client's certificate, followed by its intermediates if there are any.
        ///
        /// Default: nil.
        public var certificate: Source?

        /// The key of the client's certificate.
        ///
        /// A file that others may read is refused: its mode must give nothing to group and others,
        /// or if it belongs to root at most reading to the group (0640). Default: nil.
        public var privateKey: Source?

        /// The name to expect in every server's certificate instead of the endpoint's own host.
        ///
        /// Default: nil.
        public var serverName: String?

        /// Makes a TLS configuration.
        ///
        /// - Parameters:
        ///   - certificateAuthorities: certificates to trust instead of the system's.
        ///   - certificate: the client's certificate chain.
        ///   - privateKey: the key of the client's certificate.
        ///   - serverName: the name to expect instead of the endpoint's host.
        public init(
            certificateAuthorities: Source? = nil,
            certificate: Source? = nil,
            privateKey: Source? = nil,
            serverName: String? = nil
        ) {
            self.certificateAuthorities = certificateAuthorities
            self.certificate = certificate
            self.privateKey = privateKey
            self.serverName = serverName
        }

        /// Where certificates or a key come from.
        public struct Source: Sendable, Hashable {
            enum Value: Sendable, Hashable {
                case file(String)
                case pem(String)
            }

            let value: Value

            /// A file in PEM format.
            ///
            /// - Parameter path: the file.
            /// - Returns: the source.
            public static func file(_ path: String) -> Source {
                Source(value: .file(path))
            }

            /// Text in PEM format.
            ///
            /// - Parameter text: the content of such a file.
            /// - Returns: the source.
            public static func pem(_ text: String) -> Source {
                Source(value: .pem(text))
            }
        }
    }
}

extension EtcdClient.TLS.Source: CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The path of a file, or `<PEM text>`.
    public var description: String {
        switch self.value {
        case .file(let path): path
        case .pem: "<PEM text>"
        }
    }

    /// The same as ``description``.
    public var debugDescription: String {
        self.description
    }

    /// A mirror without children, so that a dump does not show a key.
    public var customMirror: Mirror {
        Mirror(self, children: [])
    }
}
