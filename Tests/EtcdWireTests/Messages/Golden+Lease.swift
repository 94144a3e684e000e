// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

private let header = ResponseHeader(revision: 7)

extension Golden {
    static let lease: [Golden] = [
        Golden(
            "etcdserverpb.LeaseGrantRequest",
            "TTL: 30 ID: 7587868094471692036",
            LeaseGrantRequest(ttl: 30, id: 7_587_868_094_471_692_036),
            "081e1084be85acc6bae1a669"
        ),
        Golden(
            "etcdserverpb.LeaseGrantResponse",
            #"header { revision: 7 } ID: 2 TTL: 30 error: "no""#,
            LeaseGrantResponse(header: header, id: 2, ttl: 30, error: "no"),
            "0a0218071002181e22026e6f"
        ),
        Golden("etcdserverpb.LeaseRevokeRequest", "ID: 2", LeaseRevokeRequest(id: 2), "0802"),
        Golden(
            "etcdserverpb.LeaseRevokeResponse",
            "header { revision: 7 }",
            LeaseRevokeResponse(header: header),
            "0a021807"
        ),
        Golden("etcdserverpb.LeaseKeepAliveRequest", "ID: 2", LeaseKeepAliveRequest(id: 2), "0802"),
        Golden(
            "etcdserverpb.LeaseKeepAliveResponse",
            "header { revision: 7 } ID: 2 TTL: 30",
            LeaseKeepAliveResponse(header: header, id: 2, ttl: 30),
            "0a0218071002181e"
        ),
        Golden(
            "etcdserverpb.LeaseTimeToLiveRequest",
            "ID: 2 keys: true",
            LeaseTimeToLiveRequest(id: 2, keys: true),
            "08021001"
        ),
        Golden(
            "etcdserverpb.LeaseTimeToLiveResponse",
            #"header { revision: 7 } ID: 2 TTL: -1 grantedTTL: 30 keys: "a" keys: "" keys: "b""#,
            LeaseTimeToLiveResponse(
                header: header,
                id: 2,
                ttl: -1,
                grantedTTL: 30,
                keys: [Array("a".utf8), [], Array("b".utf8)]
            ),
            "0a021807100218ffffffffffffffffff01201e2a01612a002a0162"
        ),
        Golden("etcdserverpb.LeaseLeasesRequest", "", LeaseLeasesRequest(), ""),
        Golden("etcdserverpb.LeaseStatus", "ID: 2", LeaseStatus(id: 2), "0802"),
        Golden(
            "etcdserverpb.LeaseLeasesResponse",
            "header { revision: 7 } leases { ID: 2 } leases { }",
            LeaseLeasesResponse(header: header, leases: [LeaseStatus(id: 2), LeaseStatus()]),
            "0a021807120208021200"
        ),
    ]
}
