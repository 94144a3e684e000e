// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

enum KVRPC {
    private static let service = "etcdserverpb.KV"

    static let range = RPC<RangeRequest, RangeResponse>(
        service: service,
        method: "Range",
        isRepeatable: true,
        isUpToDate: true
    )

    /// A read that a member answers on its own, with or without a leader.
    static let serializableRange = RPC<RangeRequest, RangeResponse>(
        service: service,
        method: "Range",
        requiresLeader: false,
        isRepeatable: true
    )

    /// A range in pieces, as long as the server likes; at a revision that is given, so that a member
    /// answers it on its own.
    static let rangeStream = RPC<RangeRequest, RangeStreamResponse>(
        service: service,
        method: "RangeStream",
        since: "3.7",
        requiresLeader: false,
        isRepeatable: true
    )

    static let put = RPC<PutRequest, PutResponse>(
        service: service,
        method: "Put",
        isRepeatable: false,
        isUpToDate: true
    )

    static let deleteRange = RPC<DeleteRangeRequest, DeleteRangeResponse>(
        service: service,
        method: "DeleteRange",
        isRepeatable: false,
        isUpToDate: true
    )

    static let txn = RPC<TxnRequest, TxnResponse>(
        service: service,
        method: "Txn",
        isRepeatable: false,
        isUpToDate: true
    )

    /// A transaction of reads that a member answers on its own, with or without a leader.
    static let serializableTxn = RPC<TxnRequest, TxnResponse>(
        service: service,
        method: "Txn",
        requiresLeader: false,
        isRepeatable: true
    )

    static let compact = RPC<CompactionRequest, CompactionResponse>(
        service: service,
        method: "Compact",
        isRepeatable: false,
        isPrompt: false
    )
}
