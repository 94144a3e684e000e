// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Logging
import Synchronization

/// Leaving members that are there and do not do their work, and going back to them.
extension ConnectionPool {
    /// A connection was found suspect, or in order after that.
    func heard(_ health: Connection.Health, of connection: Connection) {
        switch health {
        case .suspect(let failure): self.suspect(connection, because: failure)
        case .answering: self.recovered(connection.endpoint)
        }
    }

    private func suspect(_ connection: Connection, because failure: ConnectionFailure) {
        let release = self.release(connection, because: failure) { state in
            state.mayReplace(now: .now, interval: self.configuration.connectTimeout)
        }
        switch release {
        case .released:
            connection.moveCalls(because: failure)
            connection.moveStreams()
            // What is wrong may concern the other connections there as well.
            let others = self.state.withLock { $0.connectionsInUse(to: connection.endpoint) }
            for other in others { other.question() }
        case .notInUse:
            // It only waits for the end of what is on it.
            connection.moveCalls(because: failure)
            connection.moveStreams()
        case .kept:
            break
        }
    }

    private func recovered(_ endpoint: Endpoint) {
        let isNews = self.state.withLock { state in
            defer { state.picker.recovered(endpoint, at: .now) }
            return state.picker.quarantine(of: endpoint) != nil
        }
        guard isNews else { return }
        self.configuration.logger.debug(
            "the endpoint is in order again",
            metadata: ["endpoint": "\(endpoint)"]
        )
    }

    // MARK: Probes

    /// Sees to it that endpoints in quarantine are probed when it is time.
    ///
    /// Only while calls go elsewhere; otherwise they are tried by the calls themselves.
    func scheduleProbes() {
        self.state.withLock { state in
            guard state.hasUsableConnection, let due = state.nextProbe else { return }
            if let timer = state.probeTimer, timer.deadline <= due { return }
            state.probeTimer?.cancel()
            state.probeTimer = self.loop.schedule(at: due) { [weak self] in self?.probeDue() }
        }
    }

    private func probeDue() {
        let due = self.state.withLock { state in
            state.probeTimer = nil
            return state.hasUsableConnection ? state.dueProbes(now: .now) : []
        }
        for endpoint in due { self.probe(endpoint) }
        self.scheduleProbes()
    }

    /// Connects and asks; the endpoint gets calls again if all is well.
    private func probe(_ endpoint: Endpoint) {
        let connection: Connection? = self.state.withLock { state in
            let connection = Connection(
                endpoint: endpoint,
                configuration: state.configuration(self.configuration, for: endpoint),
                loop: self.loop
            )
            return state.addProbe(connection) ? connection : nil
        }
        guard let connection else { return }
        connection.assumeIsolated { connection in
            let report: @Sendable (ProbeOutcome) -> Void = { [weak self] outcome in
                self?.probed(connection, outcome)
            }
            let greeting = self.configuration.greeting
            let count = self.endpointCount
            connection.connect { [unowned connection] failure in
                guard failure == nil, let greeting else {
                    connection.askWhetherInOrder(after: failure, report)
                    return
                }
                greeting(connection, count, .now + Connection.probePatience) { failure in
                    connection.askWhetherInOrder(after: failure, report)
                }
            }
        }
    }

    private func probed(_ connection: Connection, _ outcome: ProbeOutcome) {
        let endpoint = connection.endpoint
        let isKnown = self.state.withLock { state in
            guard state.removeProbe(connection) else { return false }
            switch outcome {
            case .inOrder: break
            case .unreachable(let failure) where failure.isOwnDecision: break
            case .unreachable(let failure):
                state.picker.failed(endpoint, with: self.explained(failure), at: .now)
            case .useless(let failure):
                state.picker.suspect(endpoint, because: failure, at: .now)
            }
            return true
        }
        connection.close()
        guard isKnown else { return }
        if case .inOrder = outcome { self.recovered(endpoint) }
        self.scheduleProbes()
    }
}

/// What a probe has shown.
enum ProbeOutcome: Sendable {
    case inOrder
    case unreachable(ConnectionFailure)
    /// It was reached, and cannot do its work.
    case useless(ConnectionFailure)
}

extension Connection {
    /// How long a member may take to answer one question of a probe.
    fileprivate static let probePatience: Duration = .seconds(1)

    /// Asks all questions of the probe, unless connecting failed; on the loop.
    fileprivate nonisolated func askWhetherInOrder(
        after failure: ConnectionFailure?,
        _ outcome: @escaping @Sendable (ProbeOutcome) -> Void
    ) {
        if let failure {
            outcome(.unreachable(failure))
        } else {
            self.assumeIsolated { $0.askWhetherInOrder(outcome) }
        }
    }

    private func askWhetherInOrder(_ outcome: @escaping @Sendable (ProbeOutcome) -> Void) {
        guard let probe = self.configuration.probe else {
            outcome(.inOrder)
            return
        }
        guard let statement = probe.statement else {
            self.askForProof(probe.proof, outcome)
            return
        }
        self.make(statement, deadline: .now + Self.probePatience) { failure in
            if let failure {
                outcome(.useless(failure))
            } else {
                self.assumeIsolated { $0.askForProof(probe.proof, outcome) }
            }
        }
    }

    private func askForProof(
        _ proof: ServiceProbe.Question,
        _ outcome: @escaping @Sendable (ProbeOutcome) -> Void
    ) {
        self.make(proof, deadline: .now + Self.probePatience) { failure in
            outcome(failure.map { .useless($0) } ?? .inOrder)
        }
    }
}
