// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

enum KVRPC {
    private static let service = "etcdserverpb.KV"

    static let range = RPC<RangeRequest, RangeResponse>(
        service: service,
        method: "Range",
        isRepeatable: true
    )

    /// A read that a member answers on its own, with or without a leader.
    static let serializableRange = RPC<RangeRequest, RangeResponse>(
        service: service,
        method: "Range",
        requiresLeader: false,
        isRepeatable: true
    )

    static let put = RPC<PutRequest, PutResponse>(
        service: service,
        method: "Put",
        isRepeatable: false
    )

    static let deleteRange = RPC<DeleteRangeRequest, DeleteRangeResponse>(
        service: service,
        method: "DeleteRange",
        isRepeatable: false
    )

    static let txn = RPC<TxnRequest, TxnResponse>(
        service: service,
        method: "Txn",
        isRepeatable: false
    )

    static let compact = RPC<CompactionRequest, CompactionResponse>(
        service: service,
        method: "Compact",
        isRepeatable: false
    )
}
