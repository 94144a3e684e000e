// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

private let header = ResponseHeader(revision: 7)

extension Golden {
    static let cluster: [Golden] = [
        Golden(
            "etcdserverpb.Member",
            #"ID: 18446744073709551614 name: "n" peerURLs: "p" peerURLs: "q" clientURLs: "c" isLearner: true"#,
            Member(
                id: .max - 1,
                name: "n",
                peerURLs: ["p", "q"],
                clientURLs: ["c"],
                isLearner: true
            ),
            "08feffffffffffffffff0112016e1a01701a01712201632801"
        ),
        Golden(
            "etcdserverpb.MemberAddRequest",
            #"peerURLs: "p" isLearner: true"#,
            MemberAddRequest(peerURLs: ["p"], isLearner: true),
            "0a01701001"
        ),
        Golden(
            "etcdserverpb.MemberAddResponse",
            "header { revision: 7 } member { ID: 1 } members { ID: 1 } members { ID: 2 }",
            MemberAddResponse(
                header: header,
                member: Member(id: 1),
                members: [Member(id: 1), Member(id: 2)]
            ),
            "0a021807120208011a0208011a020802"
        ),
        Golden("etcdserverpb.MemberRemoveRequest", "ID: 1", MemberRemoveRequest(id: 1), "0801"),
        Golden(
            "etcdserverpb.MemberRemoveResponse",
            "header { revision: 7 } members { ID: 2 }",
            MemberRemoveResponse(header: header, members: [Member(id: 2)]),
            "0a02180712020802"
        ),
        Golden(
            "etcdserverpb.MemberUpdateRequest",
            #"ID: 1 peerURLs: "p" peerURLs: "q""#,
            MemberUpdateRequest(id: 1, peerURLs: ["p", "q"]),
            "0801120170120171"
        ),
        Golden(
            "etcdserverpb.MemberUpdateResponse",
            "header { revision: 7 } members { ID: 2 }",
            MemberUpdateResponse(header: header, members: [Member(id: 2)]),
            "0a02180712020802"
        ),
        Golden("etcdserverpb.MemberPromoteRequest", "ID: 1", MemberPromoteRequest(id: 1), "0801"),
        Golden(
            "etcdserverpb.MemberPromoteResponse",
            "header { revision: 7 } members { ID: 2 }",
            MemberPromoteResponse(header: header, members: [Member(id: 2)]),
            "0a02180712020802"
        ),
        Golden(
            "etcdserverpb.MemberListRequest",
            "linearizable: true",
            MemberListRequest(linearizable: true),
            "0801"
        ),
        Golden(
            "etcdserverpb.MemberListResponse",
            "header { revision: 7 } members { ID: 2 } members { }",
            MemberListResponse(header: header, members: [Member(id: 2), Member()]),
            "0a021807120208021200"
        ),
    ]
}
