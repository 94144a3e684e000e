// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

private let header = ResponseHeader(revision: 7)

extension Golden {
    static let kv: [Golden] =
        [
            Golden("etcdserverpb.ResponseHeader", "", ResponseHeader(), ""),
            Golden(
                "etcdserverpb.ResponseHeader",
                "cluster_id: 18446744073709551615 member_id: 300 revision: -1 raft_term: 1",
                ResponseHeader(clusterID: .max, memberID: 300, revision: -1, raftTerm: 1),
                "08ffffffffffffffffff0110ac0218ffffffffffffffffff012001"
            ),
            Golden(
                "mvccpb.KeyValue",
                #"key: "\000\377" create_revision: 1 mod_revision: 128 version: 16384 value: "v" lease: -2"#,
                KeyValue(
                    key: [0, 255],
                    createRevision: 1,
                    modRevision: 128,
                    version: 16384,
                    value: Array("v".utf8),
                    lease: -2
                ),
                "0a0200ff1001188001208080012a017630feffffffffffffffff01"
            ),
            Golden(
                "mvccpb.Event",
                #"type: DELETE kv { key: "k" mod_revision: 9 } prev_kv { }"#,
                Event(
                    type: .delete,
                    kv: KeyValue(key: Array("k".utf8), modRevision: 9),
                    prevKV: KeyValue()
                ),
                "080112050a016b18091a00"
            ),
            Golden(
                "etcdserverpb.RangeRequest",
                #"key: "a" range_end: "b" limit: 1 revision: 2 sort_order: DESCEND sort_target: VALUE serializable: true keys_only: true count_only: true min_mod_revision: 3 max_mod_revision: 4 min_create_revision: 5 max_create_revision: 9223372036854775807"#,
                RangeRequest(
                    key: Array("a".utf8),
                    rangeEnd: Array("b".utf8),
                    limit: 1,
                    revision: 2,
                    sortOrder: .descend,
                    sortTarget: .value,
                    serializable: true,
                    keysOnly: true,
                    countOnly: true,
                    minModRevision: 3,
                    maxModRevision: 4,
                    minCreateRevision: 5,
                    maxCreateRevision: .max
                ),
                """
                0a0161120162180120022802300438014001480150035804600568ffffffffff\
                ffffff7f
                """
            ),
            Golden(
                "etcdserverpb.RangeRequest",
                "sort_order: ASCEND sort_target: CREATE",
                RangeRequest(sortOrder: .ascend, sortTarget: .create),
                "28013002"
            ),
            Golden(
                "etcdserverpb.RangeRequest",
                "sort_target: VERSION",
                RangeRequest(sortTarget: .version),
                "3001"
            ),
            Golden(
                "etcdserverpb.RangeRequest",
                "sort_target: MOD",
                RangeRequest(sortTarget: .mod),
                "3003"
            ),
            Golden(
                "etcdserverpb.RangeResponse",
                #"header { revision: 7 } kvs { key: "a" } kvs { } kvs { value: "b" } more: true count: 3"#,
                RangeResponse(
                    header: header,
                    kvs: [
                        KeyValue(key: Array("a".utf8)), KeyValue(),
                        KeyValue(value: Array("b".utf8)),
                    ],
                    more: true,
                    count: 3
                ),
                "0a02180712030a0161120012032a016218012003"
            ),
            Golden(
                "etcdserverpb.RangeStreamResponse",
                "range_response { count: 4 }",
                RangeStreamResponse(rangeResponse: RangeResponse(count: 4)),
                "0a022004"
            ),
            Golden(
                "etcdserverpb.PutRequest",
                #"key: "k" value: "v" lease: 8 prev_kv: true ignore_value: true ignore_lease: true"#,
                PutRequest(
                    key: Array("k".utf8),
                    value: Array("v".utf8),
                    lease: 8,
                    prevKV: true,
                    ignoreValue: true,
                    ignoreLease: true
                ),
                "0a016b1201761808200128013001"
            ),
            Golden(
                "etcdserverpb.PutResponse",
                "header { revision: 7 } prev_kv { version: 1 }",
                PutResponse(header: header, prevKV: KeyValue(version: 1)),
                "0a02180712022001"
            ),
            Golden(
                "etcdserverpb.DeleteRangeRequest",
                #"key: "k" range_end: "l" prev_kv: true"#,
                DeleteRangeRequest(key: Array("k".utf8), rangeEnd: Array("l".utf8), prevKV: true),
                "0a016b12016c1801"
            ),
            Golden(
                "etcdserverpb.DeleteRangeResponse",
                "header { revision: 7 } deleted: 2 prev_kvs { version: 1 } prev_kvs { version: 2 }",
                DeleteRangeResponse(
                    header: header,
                    deleted: 2,
                    prevKVs: [KeyValue(version: 1), KeyValue(version: 2)]
                ),
                "0a02180710021a0220011a022002"
            ),
            Golden(
                "etcdserverpb.CompactionRequest",
                "revision: 5 physical: true",
                CompactionRequest(revision: 5, physical: true),
                "08051001"
            ),
            Golden(
                "etcdserverpb.CompactionResponse",
                "header { revision: 7 }",
                CompactionResponse(header: header),
                "0a021807"
            ),
        ] + txn

    private static let txn: [Golden] = [
        Golden(
            "etcdserverpb.Compare",
            #"result: GREATER key: "k" version: 0 range_end: "l""#,
            Compare(
                result: .greater,
                key: Array("k".utf8),
                targetUnion: .version(0),
                rangeEnd: Array("l".utf8)
            ),
            "08011a016b20008204016c"
        ),
        Golden(
            "etcdserverpb.Compare",
            "result: LESS target: CREATE create_revision: 0",
            Compare(result: .less, target: .create, targetUnion: .createRevision(0)),
            "080210012800"
        ),
        Golden(
            "etcdserverpb.Compare",
            "result: NOT_EQUAL target: MOD mod_revision: -1",
            Compare(result: .notEqual, target: .mod, targetUnion: .modRevision(-1)),
            "0803100230ffffffffffffffffff01"
        ),
        Golden(
            "etcdserverpb.Compare",
            #"target: VALUE value: """#,
            Compare(target: .value, targetUnion: .value([])),
            "10033a00"
        ),
        Golden(
            "etcdserverpb.Compare",
            "target: LEASE lease: 99",
            Compare(target: .lease, targetUnion: .lease(99)),
            "10044063"
        ),
        Golden(
            "etcdserverpb.RequestOp",
            "request_range { limit: 1 }",
            RequestOp(request: .range(RangeRequest(limit: 1))),
            "0a021801"
        ),
        Golden(
            "etcdserverpb.RequestOp",
            "request_put { }",
            RequestOp(request: .put(PutRequest())),
            "1200"
        ),
        Golden(
            "etcdserverpb.RequestOp",
            "request_delete_range { prev_kv: true }",
            RequestOp(request: .deleteRange(DeleteRangeRequest(prevKV: true))),
            "1a021801"
        ),
        Golden(
            "etcdserverpb.RequestOp",
            "request_txn { success { request_txn { } } }",
            RequestOp(
                request: .txn(TxnRequest(success: [RequestOp(request: .txn(TxnRequest()))]))
            ),
            "220412022200"
        ),
        Golden(
            "etcdserverpb.ResponseOp",
            "response_range { count: 1 }",
            ResponseOp(response: .range(RangeResponse(count: 1))),
            "0a022001"
        ),
        Golden(
            "etcdserverpb.ResponseOp",
            "response_put { header { revision: 7 } }",
            ResponseOp(response: .put(PutResponse(header: header))),
            "12040a021807"
        ),
        Golden(
            "etcdserverpb.ResponseOp",
            "response_delete_range { deleted: 1 }",
            ResponseOp(response: .deleteRange(DeleteRangeResponse(deleted: 1))),
            "1a021001"
        ),
        Golden(
            "etcdserverpb.ResponseOp",
            "response_txn { succeeded: true }",
            ResponseOp(response: .txn(TxnResponse(succeeded: true))),
            "22021001"
        ),
        Golden(
            "etcdserverpb.TxnRequest",
            #"compare { target: CREATE key: "k" create_revision: 0 } compare { } success { request_put { key: "k" value: "v" lease: 5 } } success { } failure { request_range { key: "k" } }"#,
            TxnRequest(
                compare: [
                    Compare(
                        target: .create,
                        key: Array("k".utf8),
                        targetUnion: .createRevision(0)
                    ),
                    Compare(),
                ],
                success: [
                    RequestOp(
                        request: .put(
                            PutRequest(key: Array("k".utf8), value: Array("v".utf8), lease: 5)
                        )
                    ),
                    RequestOp(),
                ],
                failure: [RequestOp(request: .range(RangeRequest(key: Array("k".utf8))))]
            ),
            """
            0a0710011a016b28000a00120a12080a016b120176180512001a050a030a016b
            """
        ),
        Golden(
            "etcdserverpb.TxnResponse",
            "header { revision: 7 } succeeded: true responses { response_put { } } responses { }",
            TxnResponse(
                header: header,
                succeeded: true,
                responses: [ResponseOp(response: .put(PutResponse())), ResponseOp()]
            ),
            "0a02180710011a0212001a00"
        ),
    ]
}
