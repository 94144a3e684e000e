// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

// Requests of a transaction from the public types, and the public types from its answer.

extension TxnRequest {
    init(_ transaction: EtcdTransaction) {
        self.init()
        self.compare = transaction.conditions.map(Compare.init)
        self.success = transaction.success.map(RequestOp.init)
        self.failure = transaction.failure.map(RequestOp.init)
    }
}

extension Compare {
    init(_ compare: EtcdCompare) {
        self.init()
        self.key = compare.range.start
        self.rangeEnd = compare.range.wireEnd
        self.result =
            switch compare.relation {
            case .equal: .equal
            case .notEqual: .notEqual
            case .greater: .greater
            case .less: .less
            }
        switch compare.operand {
        case .version(let version):
            self.target = .version
            self.targetUnion = .version(version)
        case .createRevision(let revision):
            self.target = .create
            self.targetUnion = .createRevision(revision.rawValue)
        case .modRevision(let revision):
            self.target = .mod
            self.targetUnion = .modRevision(revision.rawValue)
        case .value(let value):
            self.target = .value
            self.targetUnion = .value(value.bytes)
        case .lease(let lease):
            self.target = .lease
            self.targetUnion = .lease(lease?.rawValue ?? 0)
        }
    }
}

extension RequestOp {
    init(_ operation: EtcdOperation) {
        self.init()
        self.request =
            switch operation.kind {
            case .put(let key, let value, let lease, let options):
                .put(PutRequest(key, value, lease, options))
            case .range(let range, let options):
                .range(RangeRequest(range, options))
            case .delete(let range, let options):
                .deleteRange(DeleteRangeRequest(range, options))
            case .transaction(let inner):
                .txn(TxnRequest(inner))
            }
    }
}

extension EtcdTransactionResponse {
    /// Nil when an operation has no answer, or one of a kind this client does not know.
    init?(_ response: TxnResponse, header outer: EtcdResponseHeader? = nil) {
        let header = EtcdResponseHeader(response.header, within: outer)
        var results: [EtcdOperationResult] = []
        results.reserveCapacity(response.responses.count)
        for operation in response.responses {
            switch operation.response {
            case .range(let response):
                results.append(.range(EtcdRangeResponse(response, header: header)))
            case .put(let response):
                results.append(.put(EtcdPutResponse(response, header: header)))
            case .deleteRange(let response):
                results.append(.delete(EtcdDeleteResponse(response, header: header)))
            case .txn(let response):
                guard let inner = EtcdTransactionResponse(response, header: header) else {
                    return nil
                }
                results.append(.transaction(inner))
            case nil:
                return nil
            }
        }
        self.init(header: header, succeeded: response.succeeded, results: results)
    }
}
