// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

package import Logging

/// What a connection needs to know beside its endpoint.
package struct ConnectionConfiguration: Sendable {
    /// Certificates and keys, used when the endpoint wants TLS.
    package var tls: TLSContext?
    /// The name the server's certificate must carry, instead of the endpoint's host.
    package var serverNameOverride: String?
    /// From the start of name resolution to the server's SETTINGS.
    package var connectTimeout: Duration
    /// Messages over this size are refused while they arrive, before they are stored.
    package var maximumReceiveMessageSize: Int
    /// Messages over this size are refused before anything is sent.
    package var maximumSendMessageSize: Int
    /// How long a connection with open streams may be silent before a PING goes out.
    package var keepAliveInterval: Duration
    /// How long the answer to that PING may take.
    package var keepAliveTimeout: Duration
    /// By how much all pauses between PINGs are longer.
    var pingFactor = 1
    /// How long answers may take, as found out by all connections of a pool; nil: by none.
    var answerPatience: AnswerPatience.Shared?
    /// What shows whether a member can do its work; nil: nothing is asked.
    package var probe: ServiceProbe?
    package var userAgent: String
    package var logger: Logger
    /// Who knows the addresses of names.
    package var resolver: NameResolver = .system
    /// Looks at each new connection of a pool before anybody gets it; nil: nobody does.
    package var greeting: ConnectionGreeting?
    /// Told what becomes of each connection, on the event loop's thread; must not block.
    package var onEvent: (@Sendable (ConnectionEvent) -> Void)?

    package init(
        tls: TLSContext? = nil,
        serverNameOverride: String? = nil,
        connectTimeout: Duration = .seconds(5),
        maximumReceiveMessageSize: Int = 64 << 20,
        maximumSendMessageSize: Int = 16 << 20,
        keepAliveInterval: Duration = .seconds(10),
        keepAliveTimeout: Duration = .seconds(4),
        userAgent: String = "etcd-kit",
        logger: Logger
    ) {
        self.tls = tls
        self.serverNameOverride = serverNameOverride
        self.connectTimeout = connectTimeout
        self.maximumReceiveMessageSize = maximumReceiveMessageSize
        self.maximumSendMessageSize = maximumSendMessageSize
        self.keepAliveInterval = keepAliveInterval
        self.keepAliveTimeout = keepAliveTimeout
        self.userAgent = userAgent
        self.logger = logger
    }

    /// How a connection looks after its peer.
    var liveness: ConnectionLiveness.Settings {
        var settings = ConnectionLiveness.Settings()
        settings.keepAliveInterval = self.keepAliveInterval * self.pingFactor
        settings.keepAliveTimeout = self.keepAliveTimeout
        // Who wants them more often has a server that takes it.
        settings.pingDistance =
            min(settings.pingDistance, self.keepAliveInterval) * self.pingFactor
        return settings
    }
}
