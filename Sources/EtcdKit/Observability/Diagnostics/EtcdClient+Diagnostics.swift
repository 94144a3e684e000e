// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

extension EtcdClient {
    /// What the client is doing at this moment.
    ///
    /// Nothing is sent to a server. The parts are looked at one after the other, so they need not
    /// fit exactly. It can be called at any time, also after ``shutdown()``.
    ///
    /// ```swift
    /// print(await client.diagnostics())
    /// ```
    ///
    /// - Returns: endpoints, connections, watches and leases.
    public func diagnostics() async -> EtcdDiagnostics {
        await self.core.diagnostics()
    }
}

/// What a part of a client tells of itself.
enum ClientPartReport: Sendable {
    case watches(EtcdDiagnostics.Watches)
    case leases([EtcdDiagnostics.Lease])
    case nothing
}

extension ClientPart {
    func report() async -> ClientPartReport { .nothing }
}

extension ClientCore {
    fileprivate func diagnostics() async -> EtcdDiagnostics {
        var result = EtcdDiagnostics()
        let (parts, isShutDown) = self.currentParts
        result.isShutDown = isShutDown
        result.endpoints = await self.endpointDiagnostics()
        for part in parts {
            switch await part.report() {
            case .watches(let watches): result.watches = watches
            case .leases(let leases): result.leases = leases
            case .nothing: break
            }
        }
        result.token = self.tokens.diagnosticState
        result.clusterID = self.identity.clusterID
        result.foreignEndpoints = self.greeting.foreignEndpoints.map { endpoint, cluster in
            EtcdDiagnostics.ForeignEndpoint(url: endpoint.description, clusterID: cluster)
        }.sorted { $0.url < $1.url }
        result.tls = self.tlsStatus.map { EtcdDiagnostics.TLS($0, now: WallClock.seconds) }
        let revision = self.highestSeenRevision
        result.highestRevision = revision > 0 ? EtcdRevision(revision) : nil
        return result
    }

    private func endpointDiagnostics() async -> [EtcdDiagnostics.Endpoint] {
        let now = ContinuousClock.now
        let (entries, open) = self.connections.snapshot
        let listed = self.pool.snapshot().members
        let urls = Set(listed.map(\.endpoint.description))
        let others = entries.filter { !urls.contains($0.key) }.sorted { $0.key < $1.key }
        var result = listed.map { member in
            EtcdDiagnostics.Endpoint(member, entries[member.endpoint.description], now: now)
        }
        result += others.map { EtcdDiagnostics.Endpoint(unlisted: $0, $1, now: now) }
        for connection in open.sorted(by: { $0.since < $1.since }) {
            let url = connection.connection.endpoint.description
            guard let place = result.firstIndex(where: { $0.url == url }) else { continue }
            let load = await connection.connection.load()
            result[place].connections.append(
                EtcdDiagnostics.Connection(
                    role: "\(connection.connection.role)",
                    age: now - connection.since,
                    calls: load.calls,
                    waitingCalls: load.waitingCalls
                )
            )
        }
        return result
    }
}

extension EtcdDiagnostics.TLS {
    /// - Parameters:
    ///   - status: how certificates stand.
    ///   - now: seconds since 1970.
    init(_ status: TLSStatus, now: Int) {
        self.certificateRemaining = status.certificateEnd.map { .seconds($0 - now) }
        self.lastReloadAge = status.lastReload.map { .seconds(now - $0) }
        self.lastReloadFailure = status.lastFailure.map { failure in
            .init(reason: "\(failure.reason)", age: .seconds(now - failure.time))
        }
    }
}

extension EtcdDiagnostics.Endpoint {
    /// One that calls choose from.
    fileprivate init(
        _ member: ConnectionPool.Member,
        _ entry: EndpointLedger.Entry?,
        now: ContinuousClock.Instant
    ) {
        self.url = member.endpoint.description
        self.isListed = true
        self.connectCount = entry?.connectCount ?? 0
        self.state =
            switch member.state {
            case .unused: .unused
            case .connecting: .connecting
            case .ready: .connected
            case .suspect: .suspect
            case .quarantined: .failing
            }
        let suspicion = member.lastFailure.map { failure in
            EndpointLedger.Failure(reason: "\(failure.failure)", at: failure.at)
        }
        self.lastFailure = Self.later(suspicion, entry?.lastFailure, now: now)
    }

    /// One of a member that was named in a call.
    fileprivate init(
        unlisted url: String,
        _ entry: EndpointLedger.Entry,
        now: ContinuousClock.Instant
    ) {
        self.url = url
        self.isListed = false
        self.connectCount = entry.connectCount
        self.state = entry.isFailing ? .failing : entry.connections > 0 ? .connected : .unused
        self.lastFailure = Self.later(nil, entry.lastFailure, now: now)
    }

    private static func later(
        _ one: EndpointLedger.Failure?,
        _ other: EndpointLedger.Failure?,
        now: ContinuousClock.Instant
    ) -> EtcdDiagnostics.Failure? {
        [one, other].compactMap { $0 }.max { $0.at < $1.at }.map {
            EtcdDiagnostics.Failure(reason: $0.reason, age: now - $0.at)
        }
    }
}
