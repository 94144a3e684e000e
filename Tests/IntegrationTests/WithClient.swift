// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport

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
