// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What became of a connection, told once for each change on the event loop's thread.
package struct ConnectionEvent: Sendable {
    package enum Change: Hashable, Sendable {
        /// It can be used.
        case opened
        /// It could not be made.
        case failed(ConnectionFailure)
        /// It is over after it could be used.
        case ended(ConnectionFailure)
    }

    package let connection: Connection
    package let change: Change

    package init(_ change: Change, of connection: Connection) {
        self.connection = connection
        self.change = change
    }
}

/// What a connection carries at a moment.
package struct ConnectionLoad: Hashable, Sendable {
    /// The calls and streams on it, those included that wait.
    package var calls: Int
    /// Those that wait for the server to take more at once (MAX_CONCURRENT_STREAMS).
    package var waitingCalls: Int
}

extension Connection {
    /// What the connection carries now.
    package func load() -> ConnectionLoad {
        let streams = self.session.openStreams
        return ConnectionLoad(
            calls: streams.count,
            waitingCalls: streams.count { !$0.wasSent }
        )
    }

    func report(_ change: ConnectionEvent.Change) {
        self.configuration.onEvent?(ConnectionEvent(change, of: self))
    }
}
