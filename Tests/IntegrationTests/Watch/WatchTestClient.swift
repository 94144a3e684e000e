// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport

/// Starts a server and makes a client of it.
func withEtcdClient<Result>(
    of version: EtcdVersion,
    _ options: EtcdProcess.Options = .init(),
    _ body: (EtcdClient) async throws -> Result
) async throws -> Result {
    try await withEtcd(version, options) { etcd in
        try await withEtcdClient(
            configuration: .init(endpoints: [etcd.endpoint]),
            body
        )
    }
}

extension EtcdWatch {
    /// The next events; more if the last batch has more.
    func events(_ count: Int) async throws -> [EtcdEvent] {
        var events: [EtcdEvent] = []
        while events.count < count {
            guard let batch = try await self.nextBatch() else { break }
            events += batch.events
        }
        return events
    }

    func nextBatch() async throws -> EtcdWatchBatch? {
        var iterator = self.makeAsyncIterator()
        return try await iterator.next()
    }
}
