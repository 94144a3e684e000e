// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

private let header = ResponseHeader(revision: 7)

extension Golden {
    static let maintenance: [Golden] = [
        Golden(
            "etcdserverpb.AlarmRequest",
            "action: DEACTIVATE memberID: 5 alarm: NOSPACE",
            AlarmRequest(action: .deactivate, memberID: 5, alarm: .noSpace),
            "080210051801"
        ),
        Golden(
            "etcdserverpb.AlarmRequest",
            "action: ACTIVATE",
            AlarmRequest(action: .activate),
            "0801"
        ),
        Golden(
            "etcdserverpb.AlarmMember",
            "memberID: 5 alarm: CORRUPT",
            AlarmMember(memberID: 5, alarm: .corrupt),
            "08051002"
        ),
        Golden(
            "etcdserverpb.AlarmResponse",
            "header { revision: 7 } alarms { memberID: 5 }",
            AlarmResponse(header: header, alarms: [AlarmMember(memberID: 5)]),
            "0a02180712020805"
        ),
        Golden("etcdserverpb.StatusRequest", "", StatusRequest(), ""),
        Golden(
            "etcdserverpb.StatusResponse",
            #"header { revision: 7 } version: "3.6.0" dbSize: 1 leader: 2 raftIndex: 3 raftTerm: 4 raftAppliedIndex: 5 errors: "e" errors: "f" dbSizeInUse: 6 isLearner: true storageVersion: "3.5.0" dbSizeQuota: 7 downgradeInfo { enabled: true }"#,
            StatusResponse(
                header: header,
                version: "3.6.0",
                dbSize: 1,
                leader: 2,
                raftIndex: 3,
                raftTerm: 4,
                raftAppliedIndex: 5,
                errors: ["e", "f"],
                dbSizeInUse: 6,
                isLearner: true,
                storageVersion: "3.5.0",
                dbSizeQuota: 7,
                downgradeInfo: DowngradeInfo(enabled: true)
            ),
            """
            0a0218071205332e362e3018012002280330043805420165420166480650015a\
            05332e352e3060076a020801
            """
        ),
        Golden(
            "etcdserverpb.DowngradeInfo",
            #"enabled: true targetVersion: "3.5""#,
            DowngradeInfo(enabled: true, targetVersion: "3.5"),
            "08011203332e35"
        ),
        Golden(
            "etcdserverpb.DowngradeRequest",
            #"action: ENABLE version: "3.5""#,
            DowngradeRequest(action: .enable, version: "3.5"),
            "08011203332e35"
        ),
        Golden(
            "etcdserverpb.DowngradeRequest",
            "action: CANCEL",
            DowngradeRequest(action: .cancel),
            "0802"
        ),
        Golden(
            "etcdserverpb.DowngradeResponse",
            #"header { revision: 7 } version: "3.6""#,
            DowngradeResponse(header: header, version: "3.6"),
            "0a0218071203332e36"
        ),
        Golden("etcdserverpb.DefragmentRequest", "", DefragmentRequest(), ""),
        Golden(
            "etcdserverpb.DefragmentResponse",
            "header { revision: 7 }",
            DefragmentResponse(header: header),
            "0a021807"
        ),
        Golden("etcdserverpb.HashRequest", "", HashRequest(), ""),
        Golden(
            "etcdserverpb.HashResponse",
            "header { revision: 7 } hash: 4294967295",
            HashResponse(header: header, hash: .max),
            "0a02180710ffffffff0f"
        ),
        Golden("etcdserverpb.HashKVRequest", "revision: 5", HashKVRequest(revision: 5), "0805"),
        Golden(
            "etcdserverpb.HashKVResponse",
            "header { revision: 7 } hash: 1 compact_revision: 2 hash_revision: 3",
            HashKVResponse(header: header, hash: 1, compactRevision: 2, hashRevision: 3),
            "0a021807100118022003"
        ),
        Golden("etcdserverpb.SnapshotRequest", "", SnapshotRequest(), ""),
        Golden(
            "etcdserverpb.SnapshotResponse",
            #"header { revision: 7 } remaining_bytes: 9 blob: "\001\002" version: "3.6""#,
            SnapshotResponse(header: header, remainingBytes: 9, blob: [1, 2], version: "3.6"),
            "0a02180710091a0201022203332e36"
        ),
        Golden(
            "etcdserverpb.MoveLeaderRequest",
            "targetID: 5",
            MoveLeaderRequest(targetID: 5),
            "0805"
        ),
        Golden(
            "etcdserverpb.MoveLeaderResponse",
            "header { revision: 7 }",
            MoveLeaderResponse(header: header),
            "0a021807"
        ),
        Golden(
            "grpc.health.v1.HealthCheckRequest",
            #"service: "s""#,
            HealthCheckRequest(service: "s"),
            "0a0173"
        ),
        Golden(
            "grpc.health.v1.HealthCheckResponse",
            "status: SERVING",
            HealthCheckResponse(status: .serving),
            "0801"
        ),
        Golden(
            "grpc.health.v1.HealthCheckResponse",
            "status: NOT_SERVING",
            HealthCheckResponse(status: .notServing),
            "0802"
        ),
        Golden(
            "grpc.health.v1.HealthCheckResponse",
            "status: SERVICE_UNKNOWN",
            HealthCheckResponse(status: .serviceUnknown),
            "0803"
        ),
    ]
}
