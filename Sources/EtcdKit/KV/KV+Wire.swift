// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

// Requests of the KV service from the public types, and the public types from its answers.

extension RangeRequest {
    init(_ range: EtcdKeyRange, _ options: EtcdRangeOptions) {
        self.init()
        self.key = range.start
        self.rangeEnd = range.wireEnd
        self.limit = Int64(options.limit ?? 0)
        self.revision = options.revision?.rawValue ?? 0
        self.sortOrder = options.wireOrder
        self.sortTarget = SortTarget(options.target)
        self.serializable = options.isSerializable
        self.keysOnly = options.keysOnly
        self.countOnly = options.countOnly
        self.minModRevision = options.minimumModRevision?.rawValue ?? 0
        self.maxModRevision = options.maximumModRevision?.rawValue ?? 0
        self.minCreateRevision = options.minimumCreateRevision?.rawValue ?? 0
        self.maxCreateRevision = options.maximumCreateRevision?.rawValue ?? 0
    }
}

extension EtcdRangeOptions {
    fileprivate var wireOrder: RangeRequest.SortOrder {
        switch self.order {
        case .ascending: .ascend
        case .descending: .descend
        // The server sorts by another target than the key only if there is an order.
        case nil: self.target == .key ? .none : .ascend
        }
    }
}

extension RangeRequest.SortTarget {
    fileprivate init(_ target: EtcdRangeOptions.Target) {
        switch target {
        case .key: self = .key
        case .version: self = .version
        case .createRevision: self = .create
        case .modRevision: self = .mod
        case .value: self = .value
        }
    }
}

extension PutRequest {
    init(_ key: EtcdBytes, _ value: EtcdBytes, _ lease: EtcdLeaseID?, _ options: EtcdPutOptions) {
        self.init()
        self.key = key.bytes
        self.value = value.bytes
        self.lease = lease?.rawValue ?? 0
        self.prevKV = options.includePrevious
        self.ignoreValue = options.keepValue
        self.ignoreLease = options.keepLease
    }
}

extension DeleteRangeRequest {
    init(_ range: EtcdKeyRange, _ options: EtcdDeleteOptions) {
        self.init()
        self.key = range.start
        self.rangeEnd = range.wireEnd
        self.prevKV = options.includePrevious
    }
}

extension EtcdResponseHeader {
    init(_ header: ResponseHeader?) {
        self.init(
            clusterID: header?.clusterID ?? 0,
            memberID: header?.memberID ?? 0,
            revision: EtcdRevision(header?.revision ?? 0),
            raftTerm: header?.raftTerm ?? 0
        )
    }
}

extension EtcdKeyValue {
    init(_ keyValue: KeyValue) {
        self.init(
            key: EtcdBytes(adopting: keyValue.key),
            value: EtcdBytes(adopting: keyValue.value),
            createRevision: EtcdRevision(keyValue.createRevision),
            modRevision: EtcdRevision(keyValue.modRevision),
            version: keyValue.version,
            lease: keyValue.lease == 0 ? nil : EtcdLeaseID(keyValue.lease)
        )
    }
}

extension EtcdRangeResponse {
    /// The header of an operation inside a transaction has a revision only; the transaction's own
    /// stands in for the rest.
    init(_ response: RangeResponse, header: EtcdResponseHeader? = nil) {
        self.init(
            header: EtcdResponseHeader(response.header, within: header),
            keyValues: response.kvs.map(EtcdKeyValue.init),
            more: response.more,
            count: Int(response.count)
        )
    }
}

extension EtcdPutResponse {
    init(_ response: PutResponse, header: EtcdResponseHeader? = nil) {
        self.init(
            header: EtcdResponseHeader(response.header, within: header),
            previous: response.prevKV.map(EtcdKeyValue.init)
        )
    }
}

extension EtcdDeleteResponse {
    init(_ response: DeleteRangeResponse, header: EtcdResponseHeader? = nil) {
        self.init(
            header: EtcdResponseHeader(response.header, within: header),
            deleted: Int(response.deleted),
            previous: response.prevKVs.map(EtcdKeyValue.init)
        )
    }
}

extension EtcdResponseHeader {
    init(_ header: ResponseHeader?, within outer: EtcdResponseHeader?) {
        self.init(header)
        guard let outer else { return }
        self.clusterID = outer.clusterID
        self.memberID = outer.memberID
        self.raftTerm = outer.raftTerm
        if header == nil { self.revision = outer.revision }
    }
}
