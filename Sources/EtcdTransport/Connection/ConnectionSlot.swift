// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Decides, for one role, when to dial which endpoint and who gets the connection.
///
/// ```
///             request                    succeeded
///   idle ───────────────▶ dialing ──────────────────────▶ ready
///    ▲                    │  ▲  │                           │
///    │   nobody waits, or │  │  │ all tried, somebody waits │ lost, left
///    │   all need mending │  │  ▼                           │
///    ├────────────────────┘  backingOff                     │
///    └──────────────────────────────────────────────────────┘
///                       any ── shutDown ──▶ closed
/// ```
///
/// In `dialing` several attempts may run at once: when one has not succeeded after a short while
/// the next endpoint is tried beside it, and the first to be ready wins. A round tries every
/// endpoint once; rounds are separated by pauses that grow.
struct ConnectionSlot: ~Copyable {
    /// One attempt to connect, and the connection that comes of it.
    struct Dial: Hashable, Sendable {
        let id: Int
        let endpoint: Endpoint
    }

    /// A caller that waits for a connection.
    typealias WaiterID = Int

    private struct Attempts {
        var waiters: [WaiterID]
        var inFlight: [Dial]
        var tried: [Endpoint]
        var backoff: Backoff

        /// What to do after one attempt of a round failed.
        mutating func proceed(nextDialID: Int, picker: EndpointPicker) -> FailedAction {
            guard !self.waiters.isEmpty else { return .none }
            if let next = self.dialNext(nextDialID, picker: picker) {
                return .dial(next)
            }
            guard self.inFlight.isEmpty else { return .none }
            let isHopeless = picker.endpoints.allSatisfy {
                picker.failure(of: $0)?.needsMending ?? false
            }
            return isHopeless ? .fail(self.waiters) : .backOff(upTo: self.backoff.next())
        }

        /// Adds an attempt at an endpoint that this round has not tried, if there is one.
        mutating func dialNext(_ id: Int, picker: EndpointPicker) -> Dial? {
            guard let endpoint = picker.next(excluding: self.tried) else { return nil }
            let next = Dial(id: id, endpoint: endpoint)
            self.inFlight.append(next)
            self.tried.append(endpoint)
            return next
        }
    }

    private enum State: ~Copyable {
        case idle
        case dialing(Attempts)
        case backingOff(waiters: [WaiterID], backoff: Backoff)
        case ready(Dial)
        case closed
    }

    private var state: State

    init() {
        self.state = .idle
    }

    private init(_ state: consuming State) {
        self.state = state
    }

    enum RequestAction: Equatable {
        /// Use the connection of this attempt.
        case use(Dial)
        /// Wait, and dial this endpoint.
        case dial(Dial)
        /// Wait.
        case wait
        /// Nothing more is to be had, or there is no endpoint yet.
        case refuse
    }

    /// Somebody needs a connection.
    mutating func request(
        _ waiter: WaiterID,
        dialID: Int,
        picker: EndpointPicker
    ) -> RequestAction {
        switch consume self.state {
        case .idle:
            guard let endpoint = picker.next(excluding: []) else {
                self = .init(.idle)
                return .refuse
            }
            let dial = Dial(id: dialID, endpoint: endpoint)
            self = .init(
                .dialing(
                    Attempts(
                        waiters: [waiter],
                        inFlight: [dial],
                        tried: [endpoint],
                        backoff: Backoff()
                    )
                )
            )
            return .dial(dial)
        case .dialing(var attempts):
            attempts.waiters.append(waiter)
            self = .init(.dialing(attempts))
            return .wait
        case .backingOff(let waiters, let backoff):
            self = .init(.backingOff(waiters: waiters + [waiter], backoff: backoff))
            return .wait
        case .ready(let dial):
            self = .init(.ready(dial))
            return .use(dial)
        case .closed:
            self = .init(.closed)
            return .refuse
        }
    }

    /// A caller no longer waits: its time is up or it was cancelled.
    mutating func waiterLeft(_ waiter: WaiterID) {
        switch consume self.state {
        case .idle:
            self = .init(.idle)
        case .dialing(var attempts):
            attempts.waiters.removeAll { $0 == waiter }
            self = .init(.dialing(attempts))
        case .backingOff(let waiters, let backoff):
            let rest = waiters.filter { $0 != waiter }
            self = .init(rest.isEmpty ? .idle : .backingOff(waiters: rest, backoff: backoff))
        case .ready(let dial):
            self = .init(.ready(dial))
        case .closed:
            self = .init(.closed)
        }
    }

    enum SucceededAction: Equatable {
        /// Give the connection to these, and drop the attempts it outran.
        case serve([WaiterID], dropping: [Dial])
        /// Close the connection, nobody needs it.
        case discard
    }

    /// An attempt came to a connection that can be used.
    mutating func succeeded(
        _ dial: Dial,
        picker: inout EndpointPicker,
        now: ContinuousClock.Instant
    ) -> SucceededAction {
        switch consume self.state {
        case .idle:
            self = .init(.idle)
            return .discard
        case .dialing(let attempts):
            guard attempts.inFlight.contains(dial) else {
                self = .init(.dialing(attempts))
                return .discard
            }
            picker.connected(dial.endpoint, at: now)
            self = .init(.ready(dial))
            return .serve(attempts.waiters, dropping: attempts.inFlight.filter { $0 != dial })
        case .backingOff(let waiters, let backoff):
            self = .init(.backingOff(waiters: waiters, backoff: backoff))
            return .discard
        case .ready(let other):
            self = .init(.ready(other))
            return .discard
        case .closed:
            self = .init(.closed)
            return .discard
        }
    }

    enum FailedAction: Equatable {
        /// Try this endpoint at once.
        case dial(Dial)
        /// Pause for a random time up to this, then call `backOffElapsed`.
        case backOff(upTo: Duration)
        /// Tell these callers that nothing is to be had.
        case fail([WaiterID])
        /// Another attempt is under way, or the attempt was dropped, or nobody waits.
        case none
    }

    /// An attempt failed.
    mutating func failed(
        _ dial: Dial,
        with failure: ConnectionFailure,
        nextDialID: Int,
        picker: inout EndpointPicker,
        now: ContinuousClock.Instant
    ) -> FailedAction {
        switch consume self.state {
        case .idle:
            self = .init(.idle)
            return .none
        case .dialing(var attempts):
            guard let place = attempts.inFlight.firstIndex(of: dial) else {
                self = .init(.dialing(attempts))
                return .none
            }
            attempts.inFlight.remove(at: place)
            if !failure.isOwnDecision { picker.failed(dial.endpoint, with: failure, at: now) }
            let action = attempts.proceed(nextDialID: nextDialID, picker: picker)
            switch action {
            case .dial:
                self = .init(.dialing(attempts))
            case .backOff:
                self = .init(.backingOff(waiters: attempts.waiters, backoff: attempts.backoff))
            case .fail:
                self = .init(.idle)
            case .none:
                self = .init(attempts.inFlight.isEmpty ? .idle : .dialing(attempts))
            }
            return action
        case .backingOff(let waiters, let backoff):
            self = .init(.backingOff(waiters: waiters, backoff: backoff))
            return .none
        case .ready(let other):
            self = .init(.ready(other))
            return .none
        case .closed:
            self = .init(.closed)
            return .none
        }
    }

    enum DialAction: Equatable {
        /// Try this endpoint, too.
        case dial(Dial)
        /// Nothing to do.
        case none
    }

    /// An attempt has been under way for a while.
    mutating func isSlow(
        _ dial: Dial,
        nextDialID: Int,
        picker: EndpointPicker
    ) -> DialAction {
        switch consume self.state {
        case .idle:
            self = .init(.idle)
            return .none
        case .dialing(var attempts):
            guard attempts.inFlight.last == dial, !attempts.waiters.isEmpty,
                let next = attempts.dialNext(nextDialID, picker: picker)
            else {
                self = .init(.dialing(attempts))
                return .none
            }
            self = .init(.dialing(attempts))
            return .dial(next)
        case .backingOff(let waiters, let backoff):
            self = .init(.backingOff(waiters: waiters, backoff: backoff))
            return .none
        case .ready(let other):
            self = .init(.ready(other))
            return .none
        case .closed:
            self = .init(.closed)
            return .none
        }
    }

    /// The pause between two rounds is over.
    mutating func backOffElapsed(nextDialID: Int, picker: EndpointPicker) -> DialAction {
        switch consume self.state {
        case .idle:
            self = .init(.idle)
            return .none
        case .dialing(let attempts):
            self = .init(.dialing(attempts))
            return .none
        case .backingOff(let waiters, let backoff):
            guard let endpoint = picker.next(excluding: []) else {
                preconditionFailure("without exclusions there is always an endpoint")
            }
            let dial = Dial(id: nextDialID, endpoint: endpoint)
            self = .init(
                .dialing(
                    Attempts(
                        waiters: waiters,
                        inFlight: [dial],
                        tried: [endpoint],
                        backoff: backoff
                    )
                )
            )
            return .dial(dial)
        case .ready(let dial):
            self = .init(.ready(dial))
            return .none
        case .closed:
            self = .init(.closed)
            return .none
        }
    }

    enum LeaveAction: Equatable {
        /// The connection is no longer given out; let its calls end, then close it.
        case release(Dial)
        /// It was not given out any more.
        case none
    }

    /// The connection of this attempt ended, or should not be given out any more.
    mutating func leave(_ dial: Dial) -> LeaveAction {
        switch consume self.state {
        case .idle:
            self = .init(.idle)
            return .none
        case .dialing(let attempts):
            self = .init(.dialing(attempts))
            return .none
        case .backingOff(let waiters, let backoff):
            self = .init(.backingOff(waiters: waiters, backoff: backoff))
            return .none
        case .ready(let current):
            guard current == dial else {
                self = .init(.ready(current))
                return .none
            }
            self = .init(.idle)
            return .release(dial)
        case .closed:
            self = .init(.closed)
            return .none
        }
    }

    enum RenewedAction: Equatable {
        /// Give the new connection out; let the calls of the old one end, then close it.
        case replace
        /// Close the new connection: the old one is not given out any more.
        case discard
    }

    /// Another connection to the same endpoint was made to take this one's place.
    mutating func renewed(_ old: Dial, by new: Dial) -> RenewedAction {
        switch consume self.state {
        case .idle:
            self = .init(.idle)
            return .discard
        case .dialing(let attempts):
            self = .init(.dialing(attempts))
            return .discard
        case .backingOff(let waiters, let backoff):
            self = .init(.backingOff(waiters: waiters, backoff: backoff))
            return .discard
        case .ready(let current):
            guard current == old else {
                self = .init(.ready(current))
                return .discard
            }
            self = .init(.ready(new))
            return .replace
        case .closed:
            self = .init(.closed)
            return .discard
        }
    }

    enum ShutDownAction: Equatable {
        /// Close these connections and attempts, and tell these callers.
        case close([Dial], waiters: [WaiterID])
    }

    /// The pool ends.
    mutating func shutDown() -> ShutDownAction {
        switch consume self.state {
        case .idle:
            self = .init(.closed)
            return .close([], waiters: [])
        case .dialing(let attempts):
            self = .init(.closed)
            return .close(attempts.inFlight, waiters: attempts.waiters)
        case .backingOff(let waiters, _):
            self = .init(.closed)
            return .close([], waiters: waiters)
        case .ready(let dial):
            self = .init(.closed)
            return .close([dial], waiters: [])
        case .closed:
            self = .init(.closed)
            return .close([], waiters: [])
        }
    }
}
