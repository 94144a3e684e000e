// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

private let header = ResponseHeader(revision: 7)

extension Golden {
    /// The lock and the election that the server implements.
    static let concurrency: [Golden] = [
        Golden(
            "v3lockpb.LockRequest",
            #"name: "n" lease: 2"#,
            LockRequest(name: Array("n".utf8), lease: 2),
            "0a016e1002"
        ),
        Golden(
            "v3lockpb.LockResponse",
            #"header { revision: 7 } key: "k""#,
            LockResponse(header: header, key: Array("k".utf8)),
            "0a02180712016b"
        ),
        Golden(
            "v3lockpb.UnlockRequest",
            #"key: "k""#,
            UnlockRequest(key: Array("k".utf8)),
            "0a016b"
        ),
        Golden(
            "v3lockpb.UnlockResponse",
            "header { revision: 7 }",
            UnlockResponse(header: header),
            "0a021807"
        ),
        Golden(
            "v3electionpb.LeaderKey",
            #"name: "n" key: "k" rev: 3 lease: 4"#,
            LeaderKey(name: Array("n".utf8), key: Array("k".utf8), revision: 3, lease: 4),
            "0a016e12016b18032004"
        ),
        Golden(
            "v3electionpb.CampaignRequest",
            #"name: "n" lease: 4 value: "v""#,
            CampaignRequest(name: Array("n".utf8), lease: 4, value: Array("v".utf8)),
            "0a016e10041a0176"
        ),
        Golden(
            "v3electionpb.CampaignResponse",
            "header { revision: 7 } leader { rev: 3 }",
            CampaignResponse(header: header, leader: LeaderKey(revision: 3)),
            "0a02180712021803"
        ),
        Golden(
            "v3electionpb.LeaderRequest",
            #"name: "n""#,
            LeaderRequest(name: Array("n".utf8)),
            "0a016e"
        ),
        Golden(
            "v3electionpb.LeaderResponse",
            "header { revision: 7 } kv { version: 1 }",
            LeaderResponse(header: header, kv: KeyValue(version: 1)),
            "0a02180712022001"
        ),
        Golden(
            "v3electionpb.ProclaimRequest",
            #"leader { lease: 4 } value: "v""#,
            ProclaimRequest(leader: LeaderKey(lease: 4), value: Array("v".utf8)),
            "0a022004120176"
        ),
        Golden(
            "v3electionpb.ProclaimResponse",
            "header { revision: 7 }",
            ProclaimResponse(header: header),
            "0a021807"
        ),
        Golden(
            "v3electionpb.ResignRequest",
            "leader { lease: 4 }",
            ResignRequest(leader: LeaderKey(lease: 4)),
            "0a022004"
        ),
        Golden(
            "v3electionpb.ResignResponse",
            "header { revision: 7 }",
            ResignResponse(header: header),
            "0a021807"
        ),
    ]
}
