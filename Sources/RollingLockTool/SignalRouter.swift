// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Sends each signal where it belongs: while waiting it ends the waiting, later it goes to the
/// command.
final class SignalRouter: Sendable {
    /// What a signal may do.
    static let signals = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2]
    private static let ending: Set<Int32> = [SIGTERM, SIGINT, SIGHUP, SIGQUIT]

    private struct State {
        var cancelWaiting: (@Sendable () -> Void)?
        var child: ChildProcess?
        var endedBy: Int32?
        var forwarded: Int32?
    }

    private let state = Mutex(State())

    /// The signal that ended the waiting, if one did.
    var endedBy: Int32? { self.state.withLock { $0.endedBy } }

    /// The last signal that asks for an end and went to a command.
    var forwarded: Int32? { self.state.withLock { $0.forwarded } }

    /// Handles a signal.
    func received(_ signal: Int32) {
        let action: (@Sendable () -> Void)? = self.state.withLock { state in
            if let child = state.child {
                if Self.ending.contains(signal) { state.forwarded = signal }
                return { child.send(signal) }
            }
            guard Self.ending.contains(signal) else { return nil }
            state.endedBy = state.endedBy ?? signal
            return state.cancelWaiting
        }
        action?()
    }

    /// From now on a signal cancels the waiting; at once if one came before.
    func whileWaiting(cancel: @escaping @Sendable () -> Void) {
        let already = self.state.withLock { state in
            state.cancelWaiting = cancel
            return state.endedBy != nil
        }
        if already { cancel() }
    }

    /// From now on signals go to the command.
    ///
    /// - Returns: False if a signal came before: then the command must not run.
    func forward(to child: ChildProcess) -> Bool {
        self.state.withLock { state in
            guard state.endedBy == nil else { return false }
            state.child = child
            return true
        }
    }

    /// The command has ended: signals end the waiting again.
    func takeBack() { self.state.withLock { $0.child = nil } }
}
