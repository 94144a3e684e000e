// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Starts a server and a client that talks to it in plain text.
func withEtcdAndClient<Result>(
    _ version: EtcdVersion,
    _ options: EtcdProcess.Options = .init(),
    _ body: (EtcdProcess, EtcdClient) async throws -> Result
) async throws -> Result {
    try await withEtcd(version, options) { etcd in
        try await withEtcdClient(configuration: .init(endpoints: [etcd.endpoint])) { client in
            try await body(etcd, client)
        }
    }
}

extension EtcdProcess {
    /// A lease of a minute that this client had no part in.
    func grantLeaseByEtcdctl() async throws -> EtcdLeaseID {
        // lease 694d7e1c2f3a granted with TTL(60s)
        let words = try await self.etcdctl("lease", "grant", "60").split(separator: " ")
        let id = try #require(words.count > 1 ? Int64(words[1], radix: 16) : nil)
        return EtcdLeaseID(id)
    }
}
