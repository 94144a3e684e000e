// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdDiagnostics: Encodable {
    private enum CodingKeys: String, CodingKey {
        case isShutDown, clusterID, endpoints, foreignEndpoints, tls, watches, leases, token
        case highestRevision
    }

    /// Encodes everything under the names of the properties; clusters as etcdctl writes them with
    /// `--hex`.
    ///
    /// - Parameter encoder: the encoder.
    /// - Throws: what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.isShutDown, forKey: .isShutDown)
        let cluster = self.clusterID.map { String($0, radix: 16) }
        try container.encodeIfPresent(cluster, forKey: .clusterID)
        try container.encode(self.endpoints, forKey: .endpoints)
        try container.encode(self.foreignEndpoints, forKey: .foreignEndpoints)
        try container.encodeIfPresent(self.tls, forKey: .tls)
        try container.encode(self.watches, forKey: .watches)
        try container.encode(self.leases, forKey: .leases)
        try container.encode(self.token, forKey: .token)
        try container.encodeIfPresent(self.highestRevision?.rawValue, forKey: .highestRevision)
    }
}

extension EtcdDiagnostics.ForeignEndpoint: Encodable {
    private enum CodingKeys: String, CodingKey {
        case url, clusterID
    }

    /// Encodes the endpoint and its cluster.
    ///
    /// - Parameter encoder: the encoder.
    /// - Throws: what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.url, forKey: .url)
        try container.encode(String(self.clusterID, radix: 16), forKey: .clusterID)
    }
}

extension EtcdDiagnostics.TLS: Encodable {
    private enum CodingKeys: String, CodingKey {
        case certificateRemainingSeconds, lastReloadAgeSeconds, lastReloadFailure
    }

    /// Encodes how certificates stand, times in seconds.
    ///
    /// - Parameter encoder: the encoder.
    /// - Throws: what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(
            self.certificateRemaining?.inSeconds,
            forKey: .certificateRemainingSeconds
        )
        try container.encodeIfPresent(
            self.lastReloadAge?.inSeconds,
            forKey: .lastReloadAgeSeconds
        )
        try container.encodeIfPresent(self.lastReloadFailure, forKey: .lastReloadFailure)
    }
}

extension EtcdDiagnostics.Failure: Encodable {
    private enum CodingKeys: String, CodingKey {
        case reason, ageSeconds
    }

    /// Encodes the failure, its age in seconds.
    ///
    /// - Parameter encoder: the encoder.
    /// - Throws: what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.reason, forKey: .reason)
        try container.encode(self.age.inSeconds, forKey: .ageSeconds)
    }
}

extension EtcdDiagnostics.Connection: Encodable {
    private enum CodingKeys: String, CodingKey {
        case role, ageSeconds, calls, waitingCalls
    }

    /// Encodes the connection, its age in seconds.
    ///
    /// - Parameter encoder: the encoder.
    /// - Throws: what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.role, forKey: .role)
        try container.encode(self.age.inSeconds, forKey: .ageSeconds)
        try container.encode(self.calls, forKey: .calls)
        try container.encode(self.waitingCalls, forKey: .waitingCalls)
    }
}

extension EtcdDiagnostics.Stream: Encodable {
    private enum CodingKeys: String, CodingKey {
        case url, ageSeconds
    }

    /// Encodes the stream, its age in seconds.
    ///
    /// - Parameter encoder: the encoder.
    /// - Throws: what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.url, forKey: .url)
        try container.encode(self.age.inSeconds, forKey: .ageSeconds)
    }
}

extension EtcdDiagnostics.Lease: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id, state, remainingSeconds, isBeingRenewed, renewalURL
    }

    /// Encodes the lease, its ID as etcdctl writes it and the remaining time in seconds.
    ///
    /// - Parameter encoder: the encoder.
    /// - Throws: what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.id.description, forKey: .id)
        try container.encode(self.state, forKey: .state)
        try container.encode(self.remaining.inSeconds, forKey: .remainingSeconds)
        try container.encode(self.isBeingRenewed, forKey: .isBeingRenewed)
        try container.encodeIfPresent(self.renewalURL, forKey: .renewalURL)
    }
}

extension Duration {
    fileprivate var inSeconds: Double { self / .seconds(1) }
}
