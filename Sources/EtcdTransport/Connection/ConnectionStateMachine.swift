// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Decides what a connection does next, from the first dial to the end.
///
/// ```
///  idle ─connect→ resolving ─resolved→ dialing ─dialed→ securing ─secured→ settling
///                                       ↺ next address    (TLS only)          │ settings
///                                                                             ↓
///                 closed ←───── callsEnded ───── draining ←── goAway ─────── ready
///                   ↑                               │                         │
///                   └──────── fail (from every state) ────────────────────────┘
/// ```
struct ConnectionStateMachine<Address: Sendable & Equatable>: ~Copyable {
    private enum State: ~Copyable {
        case idle
        case resolving
        case dialing(rest: ArraySlice<Address>)
        case securing
        case settling
        case ready
        case draining(ConnectionFailure)
        case closed(ConnectionFailure)
    }

    private var state: State

    init() {
        self.state = .idle
    }

    private init(_ state: consuming State) {
        self.state = state
    }

    /// What the connection was doing, as it stands in an error.
    var phase: String {
        switch self.state {
        case .idle: "idle"
        case .resolving: "resolving the name"
        case .dialing: "connecting"
        case .securing: "in the TLS handshake"
        case .settling: "waiting for the server's HTTP/2 settings"
        case .ready: "in use"
        case .draining: "in use"
        case .closed: "closed"
        }
    }

    /// Whether calls may be started.
    var isReady: Bool {
        switch self.state {
        case .ready: true
        case .idle: false
        case .resolving: false
        case .dialing: false
        case .securing: false
        case .settling: false
        case .draining: false
        case .closed: false
        }
    }

    /// Whether the end of the handshakes is still to come.
    var isEstablishing: Bool {
        switch self.state {
        case .resolving: true
        case .dialing: true
        case .securing: true
        case .settling: true
        case .idle: false
        case .ready: false
        case .draining: false
        case .closed: false
        }
    }

    /// Whether HTTP/2 bytes are exchanged.
    var speaksHTTP2: Bool {
        switch self.state {
        case .settling: true
        case .ready: true
        case .draining: true
        case .idle: false
        case .resolving: false
        case .dialing: false
        case .securing: false
        case .closed: false
        }
    }

    /// Why the connection takes no calls; nil while it may come to take them.
    var failure: ConnectionFailure? {
        switch self.state {
        case .draining(let failure): failure
        case .closed(let failure): failure
        case .idle: nil
        case .resolving: nil
        case .dialing: nil
        case .securing: nil
        case .settling: nil
        case .ready: nil
        }
    }

    enum ConnectAction: Equatable {
        case resolve
        /// Already on its way: the outcome will be told.
        case wait
        case succeed
        case fail(ConnectionFailure)
    }

    /// Somebody wants to use the connection.
    mutating func connect() -> ConnectAction {
        switch consume self.state {
        case .idle:
            self = .init(.resolving)
            return .resolve
        case .resolving:
            self = .init(.resolving)
            return .wait
        case .dialing(let rest):
            self = .init(.dialing(rest: rest))
            return .wait
        case .securing:
            self = .init(.securing)
            return .wait
        case .settling:
            self = .init(.settling)
            return .wait
        case .ready:
            self = .init(.ready)
            return .succeed
        case .draining(let failure):
            self = .init(.draining(failure))
            return .fail(failure)
        case .closed(let failure):
            self = .init(.closed(failure))
            return .fail(failure)
        }
    }

    enum DialAction: Equatable {
        /// Open a socket to this address; `isLast` when there is no other to try.
        case dial(Address, isLast: Bool)
        case close(ConnectionFailure)
        /// Too late to matter.
        case none
    }

    /// The name has these addresses.
    mutating func resolved(_ addresses: [Address]) -> DialAction {
        switch consume self.state {
        case .resolving:
            guard let first = addresses.first else {
                let failure = ConnectionFailure.unreachable("the name has no address")
                self = .init(.closed(failure))
                return .close(failure)
            }
            let rest = addresses.dropFirst()
            let isLast = rest.isEmpty
            self = .init(.dialing(rest: rest))
            return .dial(first, isLast: isLast)
        case let other:
            self = .init(other)
            return .none
        }
    }

    /// The address that was dialed last does not answer.
    mutating func dialFailed(_ failure: ConnectionFailure) -> DialAction {
        switch consume self.state {
        case .dialing(var rest):
            guard let next = rest.popFirst() else {
                self = .init(.closed(failure))
                return .close(failure)
            }
            let isLast = rest.isEmpty
            self = .init(.dialing(rest: rest))
            return .dial(next, isLast: isLast)
        case let other:
            self = .init(other)
            return .none
        }
    }

    enum EstablishAction: Equatable {
        case startTLS
        case startHTTP2
        /// The connection can be used.
        case becomeReady
        /// Too late to matter.
        case none
    }

    /// The socket is connected.
    mutating func dialed(usesTLS: Bool) -> EstablishAction {
        switch consume self.state {
        case .dialing:
            if usesTLS {
                self = .init(.securing)
                return .startTLS
            }
            self = .init(.settling)
            return .startHTTP2
        case let other:
            self = .init(other)
            return .none
        }
    }

    /// The TLS handshake is over.
    mutating func secured() -> EstablishAction {
        switch consume self.state {
        case .securing:
            self = .init(.settling)
            return .startHTTP2
        case let other:
            self = .init(other)
            return .none
        }
    }

    /// The peer's SETTINGS arrived: it speaks HTTP/2.
    mutating func receivedSettings() -> EstablishAction {
        switch consume self.state {
        case .settling:
            self = .init(.ready)
            return .becomeReady
        case let other:
            self = .init(other)
            return .none
        }
    }

    enum CloseAction: Equatable {
        /// Fail what is left and close the socket.
        case close(ConnectionFailure)
        /// Take no more calls; those that run may end.
        case drain
        case none
    }

    /// The connection shall end with its calls: the peer's GOAWAY, or our own graceful close.
    mutating func drain(_ failure: ConnectionFailure, hasCalls: Bool) -> CloseAction {
        switch consume self.state {
        case .ready:
            if hasCalls {
                self = .init(.draining(failure))
                return .drain
            }
            self = .init(.closed(failure))
            return .close(failure)
        case .draining(let first):
            self = .init(.draining(first))
            return .none
        case .closed(let first):
            self = .init(.closed(first))
            return .none
        case _:  // on its way up
            self = .init(.closed(failure))
            return .close(failure)
        }
    }

    /// No call is left.
    mutating func callsEnded() -> CloseAction {
        switch consume self.state {
        case .draining(let failure):
            self = .init(.closed(failure))
            return .close(failure)
        case let other:
            self = .init(other)
            return .none
        }
    }

    /// Something broke, took too long, or is not wanted any more.
    mutating func fail(_ failure: ConnectionFailure) -> CloseAction {
        switch consume self.state {
        case .closed(let first):
            self = .init(.closed(first))
            return .none
        case .draining(.left):
            // That it was being left explains nothing to the calls that were to end in peace.
            self = .init(.closed(failure))
            return .close(failure)
        case .draining(let first):
            // Why it was being left says more than how it ended.
            self = .init(.closed(first))
            return .close(first)
        case _:  // on its way up, or ready
            self = .init(.closed(failure))
            return .close(failure)
        }
    }
}
