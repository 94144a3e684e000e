// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Logging
import Synchronization

/// Which connections are being replaced, and whether certificates are looked after.
struct ConnectionRenewals {
    /// The roles whose replacements are on their way.
    var underWay: Set<ConnectionRole> = []
    /// Whether the next look at the certificates is arranged.
    var isCheckArranged = false
    /// The certificates that a replacement failed with, once that was told.
    var toldFailure: UInt64?
}

/// New connections when certificates change, while the old ones serve on: first the new one, then
/// the streams, which their owners open again there, then the end of the old one with its last call.
extension ConnectionPool {
    /// How often the files of certificates are looked at while there are connections.
    private static let checkInterval: Duration = .seconds(3)
    /// The same while they do not fit, as if somebody were writing them.
    private static let shortCheckInterval: Duration = .milliseconds(250)

    /// There is a connection: looks after its certificates from now on.
    func watchCertificates() {
        guard self.configuration.tls?.needsAttention == true else { return }
        let mustArrange = self.state.withLock { state in
            defer { state.renewals.isCheckArranged = true }
            return !state.renewals.isCheckArranged
        }
        if mustArrange { self.arrangeCheck(after: Self.checkInterval) }
    }

    private func arrangeCheck(after delay: Duration) {
        self.loop.schedule(after: delay) { [weak self] in self?.checkCertificates() }
    }

    private func checkCertificates() {
        let isNeeded = self.state.withLock { state in
            state.renewals.isCheckArranged = !state.connections.isEmpty
            return state.renewals.isCheckArranged
        }
        guard isNeeded, let tls = self.configuration.tls else { return }
        let loop = self.loop
        // Disks block.
        let isStarted = BlockingWork.start { [weak self] in
            let outcome = tls.refresh()
            loop.execute { [weak self] in self?.checkedCertificates(outcome) }
        }
        if !isStarted { self.arrangeCheck(after: Self.checkInterval) }
    }

    private func checkedCertificates(_ outcome: TLSContext.Refresh) {
        self.renewConnections()
        self.arrangeCheck(
            after: outcome == .unsettled ? Self.shortCheckInterval : Self.checkInterval
        )
    }

    /// Replaces the connections that were made with older certificates.
    ///
    /// One that cannot be replaced stays, and is tried again with the next look at the files.
    private func renewConnections() {
        guard let generation = self.configuration.tls?.generation else { return }
        for role in ConnectionRole.allCases {
            self.renewConnection(for: role, to: generation)
        }
    }

    private func renewConnection(for role: ConnectionRole, to generation: UInt64) {
        let replacement: (old: Dial, new: Dial, Connection)? = self.state.withLock { state in
            guard !state.renewals.underWay.contains(role), let ready = state[ready: role],
                ready.connection.isUsable, ready.connection.isOutdated(generation)
            else { return nil }
            state.renewals.underWay.insert(role)
            let new = Dial(id: state.nextID(), endpoint: ready.dial.endpoint)
            return (ready.dial, new, self.addConnection(for: new, role, to: &state))
        }
        guard let (old, new, connection) = replacement else { return }
        self.establish(new, role, connection) { [weak self] failure in
            if let failure {
                self?.renewalFailed(new, role, failure, generation)
            } else {
                self?.renewed(old, by: new, role, connection)
            }
        }
    }

    private func renewed(
        _ old: Dial,
        by new: Dial,
        _ role: ConnectionRole,
        _ connection: Connection
    ) {
        let (spare, replaced): (Connection?, Connection?) = self.state.withLock { state in
            state.renewals.underWay.remove(role)
            // It may have ended at once, or with the pool.
            guard state.connections[new] != nil else { return (connection, nil) }
            switch state.renewed(old, by: new, role) {
            case .replace:
                let replaced = state[ready: role]?.connection
                state[ready: role] = .init(dial: new, connection: connection)
                return (nil, replaced)
            case .discard:
                state.connections[new] = nil
                return (connection, nil)
            }
        }
        spare?.close()
        guard let replaced else { return }
        self.configuration.logger.debug(
            "connected anew with other certificates",
            metadata: ["endpoint": "\(new.endpoint)"]
        )
        replaced.retire()
        replaced.moveStreams()
        self.closeWhenUnused(replaced)
    }

    private func renewalFailed(
        _ dial: Dial,
        _ role: ConnectionRole,
        _ failure: ConnectionFailure,
        _ generation: UInt64
    ) {
        let mustTell = self.state.withLock { state in
            state.renewals.underWay.remove(role)
            state.connections[dial] = nil
            // What is down comes back; only certificates that do not serve are worth a word.
            guard failure.needsMending, state.renewals.toldFailure != generation else {
                return false
            }
            state.renewals.toldFailure = generation
            return true
        }
        guard mustTell else { return }
        self.configuration.logger.warning(
            "cannot connect with the new certificates; connections made with the old ones stay",
            metadata: ["endpoint": "\(dial.endpoint)", "reason": "\(failure)"]
        )
    }

    /// How certificates stand; nil without TLS.
    package var certificates: TLSStatus? {
        self.configuration.tls?.status
    }

    /// Has the streams that can be moved opened again, on whatever connections they are now.
    package func moveStreams() {
        let connections = self.state.withLock { Array($0.connections.values) }
        for connection in connections { connection.moveStreams() }
    }
}

extension Connection {
    /// Whether it was made with certificates older than these.
    fileprivate nonisolated func isOutdated(_ generation: UInt64) -> Bool {
        let own = self.certificateGeneration.load(ordering: .relaxed)
        return own != 0 && own < generation
    }
}
