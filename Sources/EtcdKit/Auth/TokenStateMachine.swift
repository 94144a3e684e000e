// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Decides when to ask for a token, and who waits for it.
///
/// ```
///               request                 obtained
///   missing ───────────────▶ fetching ───────────────▶ present
///      ▲                        │                         │
///      ├──────── failed ────────┘                         │
///      └──────────── rejected, by calls that used it ─────┘
/// ```
///
/// Tokens are expensive for the server (a password check and an entry in its log each), so there is
/// one request at a time for any number of callers. "No token" is a token like any other: that is
/// what a client without credentials has, and one whose cluster has authentication switched off.
struct TokenStateMachine: ~Copyable {
    typealias WaiterID = Int

    private enum State: ~Copyable {
        case missing(lastGeneration: UInt64)
        case fetching(lastGeneration: UInt64, waiters: [WaiterID])
        case present(generation: UInt64)
    }

    private var state: State
    private let hasCredentials: Bool

    init(hasCredentials: Bool) {
        self.hasCredentials = hasCredentials
        self.state = hasCredentials ? .missing(lastGeneration: 0) : .present(generation: 0)
    }

    private init(_ state: consuming State, hasCredentials: Bool) {
        self.state = state
        self.hasCredentials = hasCredentials
    }

    enum RequestAction: Equatable {
        /// Use the one there is.
        case use
        /// Ask for one, and wait.
        case fetch
        /// Wait.
        case wait
    }

    /// A call needs a token.
    mutating func request(_ waiter: WaiterID) -> RequestAction {
        let hasCredentials = self.hasCredentials
        switch consume self.state {
        case .missing(let generation):
            self = .init(
                .fetching(lastGeneration: generation, waiters: [waiter]),
                hasCredentials: hasCredentials
            )
            return .fetch
        case .fetching(let generation, let waiters):
            self = .init(
                .fetching(lastGeneration: generation, waiters: waiters + [waiter]),
                hasCredentials: hasCredentials
            )
            return .wait
        case .present(let generation):
            self = .init(.present(generation: generation), hasCredentials: hasCredentials)
            return .use
        }
    }

    /// A call no longer waits.
    mutating func waiterLeft(_ waiter: WaiterID) {
        let hasCredentials = self.hasCredentials
        switch consume self.state {
        case .missing(let generation):
            self = .init(.missing(lastGeneration: generation), hasCredentials: hasCredentials)
        case .fetching(let generation, let waiters):
            self = .init(
                .fetching(lastGeneration: generation, waiters: waiters.filter { $0 != waiter }),
                hasCredentials: hasCredentials
            )
        case .present(let generation):
            self = .init(.present(generation: generation), hasCredentials: hasCredentials)
        }
    }

    enum ObtainedAction: Equatable {
        /// Keep the token under this number and give it to these.
        case serve([WaiterID], generation: UInt64)
        /// Nobody asked.
        case ignore
    }

    /// The server gave a token, or said that none is needed.
    mutating func obtained() -> ObtainedAction {
        let hasCredentials = self.hasCredentials
        switch consume self.state {
        case .missing(let generation):
            self = .init(.missing(lastGeneration: generation), hasCredentials: hasCredentials)
            return .ignore
        case .fetching(let last, let waiters):
            self = .init(.present(generation: last + 1), hasCredentials: hasCredentials)
            return .serve(waiters, generation: last + 1)
        case .present(let generation):
            self = .init(.present(generation: generation), hasCredentials: hasCredentials)
            return .ignore
        }
    }

    enum FailedAction: Equatable {
        /// Tell these.
        case fail([WaiterID])
    }

    /// The server gave none.
    mutating func failed() -> FailedAction {
        let hasCredentials = self.hasCredentials
        switch consume self.state {
        case .missing(let generation):
            self = .init(.missing(lastGeneration: generation), hasCredentials: hasCredentials)
            return .fail([])
        case .fetching(let generation, let waiters):
            self = .init(.missing(lastGeneration: generation), hasCredentials: hasCredentials)
            return .fail(waiters)
        case .present(let generation):
            self = .init(.present(generation: generation), hasCredentials: hasCredentials)
            return .fail([])
        }
    }

    enum RejectedAction: Equatable {
        /// Forget the token.
        case forget
        /// There is a newer one, or it is being fetched, or there are no credentials to get one.
        case ignore
    }

    /// The server refused a call that carried the token of this generation.
    mutating func rejected(_ generation: UInt64) -> RejectedAction {
        let hasCredentials = self.hasCredentials
        switch consume self.state {
        case .missing(let last):
            self = .init(.missing(lastGeneration: last), hasCredentials: hasCredentials)
            return .ignore
        case .fetching(let last, let waiters):
            self = .init(
                .fetching(lastGeneration: last, waiters: waiters),
                hasCredentials: hasCredentials
            )
            return .ignore
        case .present(let current):
            guard hasCredentials, current == generation else {
                self = .init(.present(generation: current), hasCredentials: hasCredentials)
                return .ignore
            }
            self = .init(.missing(lastGeneration: current), hasCredentials: hasCredentials)
            return .forget
        }
    }
}
