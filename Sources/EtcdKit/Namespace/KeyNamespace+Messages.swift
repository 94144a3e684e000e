// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

// The border of a namespace: every message that names keys passes here, once in each direction.

/// A request that names keys.
protocol KeyedRequest: WireMessage {
    /// Puts the prefix before all keys.
    mutating func enter(_ namespace: KeyNamespace)
}

/// An answer that names keys.
protocol KeyedResponse: WireMessage {
    /// Takes the prefix off all keys.
    mutating func leave(_ namespace: KeyNamespace) throws(EtcdError)
}

// MARK: Requests

extension PutRequest: KeyedRequest {
    mutating func enter(_ namespace: KeyNamespace) {
        namespace.enter(&self.key)
    }
}

extension RangeRequest: KeyedRequest {
    mutating func enter(_ namespace: KeyNamespace) {
        namespace.enter(&self.key, &self.rangeEnd)
    }
}

extension DeleteRangeRequest: KeyedRequest {
    mutating func enter(_ namespace: KeyNamespace) {
        namespace.enter(&self.key, &self.rangeEnd)
    }
}

extension TxnRequest: KeyedRequest {
    mutating func enter(_ namespace: KeyNamespace) {
        for index in self.compare.indices { self.compare[index].enter(namespace) }
        for index in self.success.indices { self.success[index].enter(namespace) }
        for index in self.failure.indices { self.failure[index].enter(namespace) }
    }
}

extension Compare {
    fileprivate mutating func enter(_ namespace: KeyNamespace) {
        namespace.enter(&self.key, &self.rangeEnd)
    }
}

extension RequestOp {
    fileprivate mutating func enter(_ namespace: KeyNamespace) {
        switch self.request.take() {
        case .range(var range):
            range.enter(namespace)
            self.request = .range(range)
        case .put(var put):
            put.enter(namespace)
            self.request = .put(put)
        case .deleteRange(var deleteRange):
            deleteRange.enter(namespace)
            self.request = .deleteRange(deleteRange)
        case .txn(var txn):
            txn.enter(namespace)
            self.request = .txn(txn)
        case nil:
            break
        }
    }
}

extension WatchCreateRequest: KeyedRequest {
    mutating func enter(_ namespace: KeyNamespace) {
        namespace.enter(&self.key, &self.rangeEnd)
    }
}

extension LeaseTimeToLiveRequest: KeyedRequest {
    /// Names a lease only; leases have no namespaces.
    mutating func enter(_ namespace: KeyNamespace) {}
}

// MARK: Answers

extension KeyValue: KeyedResponse {
    mutating func leave(_ namespace: KeyNamespace) throws(EtcdError) {
        try namespace.leave(&self.key)
    }
}

extension PutResponse: KeyedResponse {
    mutating func leave(_ namespace: KeyNamespace) throws(EtcdError) {
        try self.prevKV?.leave(namespace)
    }
}

extension RangeResponse: KeyedResponse {
    mutating func leave(_ namespace: KeyNamespace) throws(EtcdError) {
        for index in self.kvs.indices { try self.kvs[index].leave(namespace) }
    }
}

extension DeleteRangeResponse: KeyedResponse {
    mutating func leave(_ namespace: KeyNamespace) throws(EtcdError) {
        for index in self.prevKVs.indices { try self.prevKVs[index].leave(namespace) }
    }
}

extension TxnResponse: KeyedResponse {
    mutating func leave(_ namespace: KeyNamespace) throws(EtcdError) {
        for index in self.responses.indices { try self.responses[index].leave(namespace) }
    }
}

extension ResponseOp {
    fileprivate mutating func leave(_ namespace: KeyNamespace) throws(EtcdError) {
        switch self.response.take() {
        case .range(var range):
            try range.leave(namespace)
            self.response = .range(range)
        case .put(var put):
            try put.leave(namespace)
            self.response = .put(put)
        case .deleteRange(var deleteRange):
            try deleteRange.leave(namespace)
            self.response = .deleteRange(deleteRange)
        case .txn(var txn):
            try txn.leave(namespace)
            self.response = .txn(txn)
        case nil:
            break
        }
    }
}

extension Event: KeyedResponse {
    mutating func leave(_ namespace: KeyNamespace) throws(EtcdError) {
        try self.kv?.leave(namespace)
        try self.prevKV?.leave(namespace)
    }
}

extension LeaseTimeToLiveResponse: KeyedResponse {
    /// A lease may hold keys of anybody: those outside are left out.
    mutating func leave(_ namespace: KeyNamespace) throws(EtcdError) {
        self.keys.removeAll { !namespace.contains($0) }
        for index in self.keys.indices { try namespace.leave(&self.keys[index]) }
    }
}
