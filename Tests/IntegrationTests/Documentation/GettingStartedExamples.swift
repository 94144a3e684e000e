// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

func remember(endpoints: [String]) async throws -> String? {
    try await withEtcdClient(configuration: .init(endpoints: endpoints)) { client in
        try await client.put("greeting", "hello")
        let found = try await client.get("greeting")
        try await client.delete("greeting")
        return found?.value.string
    }
}

struct Inventory: Sendable {
    let client: EtcdClient

    init(endpoints: [String]) throws {
        var configuration = EtcdClient.Configuration(endpoints: endpoints)
        configuration.requestTimeout = .seconds(5)
        self.client = try EtcdClient(configuration: configuration)
    }

    func add(_ name: String, count: Int) async throws {
        try await self.client.put("inventory/\(name)", "\(count)")
    }

    func close() async {
        await self.client.shutdown()
    }
}

func inventory(_ client: EtcdClient) async throws -> [String: Int] {
    let prefix = "inventory/"
    let answer = try await client.range(.prefix(prefix))
    var result: [String: Int] = [:]
    for item in answer.keyValues {
        guard let key = item.key.string, let count = item.value.string else { continue }
        result[String(key.dropFirst(prefix.count))] = Int(count)
    }
    return result
}

func total(_ client: EtcdClient) async throws -> Int {
    var sum = 0
    for try await item in client.keyValues(in: .prefix("inventory/")) {
        sum += item.value.string.flatMap { Int($0) } ?? 0
    }
    return sum
}
