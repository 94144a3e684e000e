// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

// The server makes the keys of its locks and elections by adding to their names, so a namespace is
// put before the name and taken off the key.

extension LockRequest: KeyedRequest {
    mutating func enter(_ namespace: KeyNamespace) {
        namespace.enter(&self.name)
    }
}

extension LockResponse: KeyedResponse {
    mutating func leave(_ namespace: KeyNamespace) throws(EtcdError) {
        try namespace.leave(&self.key)
    }
}

extension UnlockRequest: KeyedRequest {
    mutating func enter(_ namespace: KeyNamespace) {
        namespace.enter(&self.key)
    }
}

extension UnlockResponse: KeyedResponse {
    mutating func leave(_ namespace: KeyNamespace) throws(EtcdError) {}
}

extension LeaderKey: KeyedRequest, KeyedResponse {
    mutating func enter(_ namespace: KeyNamespace) {
        namespace.enter(&self.name)
        namespace.enter(&self.key)
    }

    mutating func leave(_ namespace: KeyNamespace) throws(EtcdError) {
        try namespace.leave(&self.name)
        try namespace.leave(&self.key)
    }
}

extension CampaignRequest: KeyedRequest {
    mutating func enter(_ namespace: KeyNamespace) {
        namespace.enter(&self.name)
    }
}

extension CampaignResponse: KeyedResponse {
    mutating func leave(_ namespace: KeyNamespace) throws(EtcdError) {
        try self.leader?.leave(namespace)
    }
}

extension ProclaimRequest: KeyedRequest {
    mutating func enter(_ namespace: KeyNamespace) {
        self.leader?.enter(namespace)
    }
}

extension ProclaimResponse: KeyedResponse {
    mutating func leave(_ namespace: KeyNamespace) throws(EtcdError) {}
}

extension LeaderRequest: KeyedRequest {
    mutating func enter(_ namespace: KeyNamespace) {
        namespace.enter(&self.name)
    }
}

extension LeaderResponse: KeyedResponse {
    mutating func leave(_ namespace: KeyNamespace) throws(EtcdError) {
        try self.kv?.leave(namespace)
    }
}

extension ResignRequest: KeyedRequest {
    mutating func enter(_ namespace: KeyNamespace) {
        self.leader?.enter(namespace)
    }
}

extension ResignResponse: KeyedResponse {
    mutating func leave(_ namespace: KeyNamespace) throws(EtcdError) {}
}
