// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import Logging
import Synchronization

/// Hears what becomes of a client's connections: logs it, counts it and remembers it.
final class ConnectionObserver: Sendable {
    /// A connection in use.
    struct Open: Sendable {
        let connection: Connection
        let since: ContinuousClock.Instant
    }

    private struct State {
        var ledger = EndpointLedger()
        var open: [ObjectIdentifier: Open] = [:]
    }

    private let state = Mutex(State())
    private let logger: Logger
    private let instruments: ClientInstruments?

    init(logger: Logger, instruments: ClientInstruments?) {
        self.logger = logger
        self.instruments = instruments
    }

    /// How the endpoints fare, and the connections there are.
    var snapshot: (endpoints: [String: EndpointLedger.Entry], connections: [Open]) {
        self.state.withLock { ($0.ledger.entries, Array($0.open.values)) }
    }

    /// Something became of a connection.
    func observe(_ event: ConnectionEvent) {
        switch event.change {
        case .opened: self.opened(event.connection)
        case .failed(let failure): self.failed(event.connection, failure)
        case .ended(let failure): self.ended(event.connection, failure)
        }
    }

    private func opened(_ connection: Connection) {
        let endpoint = connection.endpoint.description
        let now = ContinuousClock.now
        let (news, isFirst) = self.state.withLock { state in
            state.open[ObjectIdentifier(connection)] = Open(connection: connection, since: now)
            let news = state.ledger.connected(endpoint, at: now)
            return (news, state.ledger.entries[endpoint]?.connectCount == 1)
        }
        self.logger.log(
            level: news == .restored ? .info : .debug,
            news == .restored ? "connected again" : "connected",
            metadata: ["endpoint": "\(endpoint)", "for": "\(connection.role)"]
        )
        self.instruments?.record?(
            .connectionOpened(endpoint, connection.role, isReconnection: !isFirst)
        )
    }

    private func failed(_ connection: Connection, _ failure: ConnectionFailure) {
        guard !failure.isOwnDecision else { return }
        let endpoint = connection.endpoint.description
        let news = self.state.withLock { $0.ledger.failed(endpoint, "\(failure)", at: .now) }
        self.logger.log(
            level: news == .unreachable ? .notice : .debug,
            "could not connect",
            metadata: [
                "endpoint": "\(endpoint)", "for": "\(connection.role)", "reason": "\(failure)",
            ]
        )
        self.instruments?.record?(.connectionFailed(endpoint))
    }

    private func ended(_ connection: Connection, _ failure: ConnectionFailure) {
        let endpoint = connection.endpoint.description
        let reason = failure.isOwnDecision ? nil : "\(failure)"
        let news = self.state.withLock { state in
            state.open[ObjectIdentifier(connection)] = nil
            return state.ledger.ended(endpoint, reason, at: .now)
        }
        self.logger.log(
            level: news == .lost ? .notice : .debug,
            reason == nil ? "connection closed" : "connection lost",
            metadata: [
                "endpoint": "\(endpoint)", "for": "\(connection.role)", "reason": "\(failure)",
            ]
        )
        self.instruments?.record?(
            .connectionEnded(endpoint, connection.role, wasLost: reason != nil)
        )
    }
}
