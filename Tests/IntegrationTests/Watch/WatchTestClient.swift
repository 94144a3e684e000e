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

/// A server, a door to it that can be shut, and two clients of which one goes through the door.
struct WatchScene {
    let etcd: EtcdProcess
    let proxy: FaultProxy
    /// Not affected by what the proxy does.
    let writer: EtcdClient
    /// Connected through the proxy.
    let reader: EtcdClient

    /// The reader's connections break, and no new ones are taken until ``reconnect()``.
    func disconnect() {
        self.proxy.refuse()
        self.proxy.cut()
    }

    func reconnect() throws {
        try self.proxy.accept()
    }
}

func withWatchScene<Result>(
    _ version: EtcdVersion,
    _ options: EtcdProcess.Options = .init(),
    _ body: (WatchScene) async throws -> Result
) async throws -> Result {
    try await withEtcdAndClient(version, options) { etcd, writer in
        let proxy = try FaultProxy(to: etcd.port)
        let through = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(proxy.port)"])
        return try await withEtcdClient(configuration: through) { reader in
            try await body(
                WatchScene(etcd: etcd, proxy: proxy, writer: writer, reader: reader)
            )
        }
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

extension EtcdSubscription {
    func nextBatch() async throws -> EtcdChangeBatch? {
        var iterator = self.makeAsyncIterator()
        return try await iterator.next()
    }

    /// The next events; more if the last batch has more.
    func events(_ count: Int) async throws -> [EtcdEvent] {
        var events: [EtcdEvent] = []
        while events.count < count {
            guard let batch = try await self.nextBatch() else { break }
            events += batch.events
        }
        return events
    }
}

/// What a consumer makes of the batches it gets.
struct Picture {
    private(set) var keyValues: [EtcdBytes: EtcdKeyValue] = [:]
    /// Nil while the picture is between two states.
    private(set) var bookmark: EtcdRevision?

    mutating func apply(_ batch: EtcdChangeBatch) {
        for event in batch.events {
            self.keyValues[event.key] = event.kind == .put ? event.keyValue : nil
        }
        self.bookmark = batch.bookmark
    }
}

extension EtcdClient {
    /// What a picture of the range has to be now.
    func state(_ range: EtcdKeyRange) async throws -> [EtcdBytes: EtcdKeyValue] {
        let keyValues = try await self.range(range).keyValues
        return Dictionary(uniqueKeysWithValues: keyValues.map { ($0.key, $0) })
    }
}
