// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

func register(_ name: String, address: String, _ client: EtcdClient) async throws -> Bool {
    let transaction = EtcdTransaction()
        .when(.isAbsent("services/\(name)"))
        .then(.put("services/\(name)", address))
    return try await client.commit(transaction).succeeded
}

func add(_ amount: Int, to counter: String, _ client: EtcdClient) async throws -> Int {
    var found = try await client.get(counter)
    while true {
        let sum = (found?.value.string.flatMap { Int($0) } ?? 0) + amount
        let condition = found.map { EtcdCompare.isUnchanged($0) } ?? .isAbsent(counter)
        let answer = try await client.commit(
            EtcdTransaction()
                .when(condition)
                .then(.put(counter, "\(sum)"))
                .otherwise(.get(counter))
        )
        if answer.succeeded { return sum }
        found = answer.results.first?.rangeResponse?.keyValues.first
    }
}
