// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdDiagnostics: CustomStringConvertible {
    /// The picture in lines for people.
    public var description: String {
        var lines = [self.isShutDown ? "client: shut down" : "client: in use"]
        if let cluster = self.clusterID { lines.append("cluster \(String(cluster, radix: 16))") }
        lines += self.endpoints.flatMap(\.lines)
        lines += self.foreignEndpoints.map { endpoint in
            "endpoint \(endpoint.url) belongs to cluster \(String(endpoint.clusterID, radix: 16)), not used"
        }
        if let tls = self.tls { lines += tls.lines }
        lines += self.watches.lines
        lines += self.leases.map(\.line)
        lines.append("token: \(self.token.words)")
        if let revision = self.highestRevision {
            lines.append("highest revision seen: \(revision)")
        }
        return lines.joined(separator: "\n")
    }
}

extension EtcdDiagnostics.Endpoint {
    fileprivate var lines: [String] {
        let listed = self.isListed ? "" : ", not in the list"
        var lines = [
            "endpoint \(self.url): \(self.state), connected to \(self.connectCount) times\(listed)"
        ]
        for connection in self.connections {
            var line = "  connection for \(connection.role): \(connection.age.short) old"
            line += ", \(connection.calls) calls and streams"
            if connection.waitingCalls > 0 {
                line += ", \(connection.waitingCalls) of them waiting"
            }
            lines.append(line)
        }
        if let failure = self.lastFailure {
            lines.append("  last failure \(failure.age.short) ago: \(failure.reason)")
        }
        return lines
    }
}

extension EtcdDiagnostics.TLS {
    fileprivate var lines: [String] {
        let certificate =
            switch self.certificateRemaining {
            case .none: "no client certificate"
            case .some(let time) where time < .zero: "the client certificate has expired"
            case .some(let time): "the client certificate is valid for \(time.short)"
            }
        let reload = self.lastReloadAge.map { ", certificates reloaded \($0.short) ago" } ?? ""
        let failure = self.lastReloadFailure.map { failure in
            "  last reload failed \(failure.age.short) ago: \(failure.reason)"
        }
        return ["tls: \(certificate)\(reload)"] + (failure.map { [$0] } ?? [])
    }
}

extension EtcdDiagnostics.Watches {
    fileprivate var lines: [String] {
        ["watches: \(self.count), \(self.suspendedCount) of them suspended"]
            + self.streams.map { "  stream to \($0.url), \($0.age.short) old" }
    }
}

extension EtcdDiagnostics.Lease {
    fileprivate var line: String {
        let way = self.renewalURL.map { ", renewed at \($0)" } ?? ""
        let renewal = self.isBeingRenewed ? ", a renewal is on its way" : ""
        return "lease \(self.id): \(self.state), \(self.remaining.short) left\(way)\(renewal)"
    }
}

extension EtcdDiagnostics.TokenState {
    fileprivate var words: String {
        switch self {
        case .notNeeded: "not needed"
        case .missing: "missing"
        case .fetching: "being fetched"
        case .present: "present"
        case .refused: "refused by the server"
        }
    }
}

extension Duration {
    /// Whole milliseconds below ten seconds, whole seconds above.
    fileprivate var short: String {
        abs(self / .seconds(1)) < 10
            ? "\(Int(self / .milliseconds(1))) ms" : "\(Int(self / .seconds(1))) s"
    }
}
