// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

func nextChange(under prefix: String, _ client: EtcdClient) async throws -> EtcdEvent? {
    try await client.withWatch(.prefix(prefix)) { watch in
        for try await batch in watch {
            if let event = batch.events.first { return event }
        }
        return nil
    }
}

func follow(
    _ prefix: String,
    _ client: EtcdClient,
    until isEnough: ([EtcdBytes: EtcdBytes]) -> Bool
) async throws -> [EtcdBytes: EtcdBytes] {
    let present = try await client.range(.prefix(prefix))
    var state: [EtcdBytes: EtcdBytes] = [:]
    for item in present.keyValues { state[item.key] = item.value }
    if isEnough(state) { return state }
    let options = EtcdWatchOptions(startRevision: present.header.revision.next)
    let watch = try await client.watch(.prefix(prefix), options: options)
    defer { watch.cancel() }
    for try await batch in watch {
        for event in batch.events {
            switch event.kind {
            case .put: state[event.key] = event.keyValue.value
            case .delete: state[event.key] = nil
            }
        }
        if isEnough(state) { break }
    }
    return state
}
