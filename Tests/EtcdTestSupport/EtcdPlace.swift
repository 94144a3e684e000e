// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Where a member lives: its name, its loopback ports and the folder for its data.
package struct EtcdPlace: Sendable {
    package let name: String
    package let clientPort: UInt16
    /// The port members talk to each other on.
    package let peerPort: UInt16
    /// Plain HTTP with `/health` and `/metrics`, also when the client port speaks TLS.
    let healthPort: UInt16
    let directory: TemporaryDirectory
    /// What stands between it and everybody else; nil if nothing does.
    let surroundings: Surroundings?

    /// Proxies before the ports of a member.
    struct Surroundings: Sendable {
        let network: PeerNetwork
        let clientProxy: FaultProxy
        let peerProxy: FaultProxy
    }

    /// Looks for free ports; one for clients only if none is given.
    init(name: String, clientPort: UInt16? = nil, network: PeerNetwork? = nil) throws {
        self.name = name
        self.clientPort = try clientPort ?? LoopbackPort.free()
        self.peerPort = try LoopbackPort.free()
        self.healthPort = try LoopbackPort.free()
        self.directory = try TemporaryDirectory("etcd-\(name)")
        let (clientPort, peerPort) = (self.clientPort, self.peerPort)
        self.surroundings = try network.map { network in
            Surroundings(
                network: network,
                clientProxy: try FaultProxy(to: clientPort),
                peerProxy: try network.makeProxy(to: peerPort)
            )
        }
    }

    /// Where other members reach it: through a proxy, if there is one.
    package var peerURL: String {
        "http://127.0.0.1:\(self.surroundings?.peerProxy.port ?? self.peerPort)"
    }

    /// The port that clients are told.
    var advertisedClientPort: UInt16 { self.surroundings?.clientProxy.port ?? self.clientPort }
}

/// What a member is told of its cluster when it starts for the first time.
enum EtcdFounding: Sendable {
    /// These members found one together.
    case newCluster([EtcdPlace])
    /// It joins one; all members are given, itself included.
    case existingCluster([EtcdPlace])

    fileprivate var arguments: [String] {
        switch self {
        case .newCluster(let places): Self.arguments("new", places)
        case .existingCluster(let places): Self.arguments("existing", places)
        }
    }

    private static func arguments(_ state: String, _ places: [EtcdPlace]) -> [String] {
        let members = places.map { "\($0.name)=\($0.peerURL)" }.joined(separator: ",")
        return ["--initial-cluster-state", state, "--initial-cluster", members]
    }
}

extension EtcdProcess.Options {
    /// The command line of a member.
    func arguments(for place: EtcdPlace, _ founding: EtcdFounding) -> [String] {
        let scheme = self.tls == nil ? "http" : "https"
        let host = "\(scheme)://127.0.0.1"
        var arguments =
            [
                "--name", place.name, "--data-dir", place.directory.path + "/data",
                "--listen-client-urls", "\(host):\(place.clientPort)",
                "--advertise-client-urls", "\(host):\(place.advertisedClientPort)",
                "--listen-peer-urls", "http://127.0.0.1:\(place.peerPort)",
                "--initial-advertise-peer-urls", place.peerURL,
                "--listen-metrics-urls", "http://127.0.0.1:\(place.healthPort)",
                "--logger", "zap", "--log-outputs", "stderr", "--log-level", "error",
            ] + founding.arguments
        if self.skipsFsync { arguments.append("--unsafe-no-fsync") }
        if let tls = self.tls {
            arguments += ["--cert-file", tls.certificate, "--key-file", tls.privateKey]
            if let clientAuthority = tls.clientAuthority {
                arguments += ["--client-cert-auth", "--trusted-ca-file", clientAuthority]
            }
        }
        if let authTokenTTL = self.authTokenTTL {
            arguments += ["--auth-token-ttl", "\(authTokenTTL.components.seconds)"]
        }
        // The least that bcrypt takes, for tests have no time.
        if self.rootPassword != nil { arguments += ["--bcrypt-cost", "4"] }
        return arguments + self.arguments
    }
}
