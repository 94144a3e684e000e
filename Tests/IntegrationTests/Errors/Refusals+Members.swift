// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import EtcdTestSupport
import EtcdTransport
import EtcdWire
import Testing

extension Refusal {
    /// About members, on one server that is the only one; the learners added stay.
    static let members: [Refusal] = [
        Refusal("member not found", .memberNotFound) { scene in
            try await scene.caller.status(
                SingleCaller.cluster,
                "MemberUpdate",
                MemberUpdateRequest(id: 4711, peerURLs: ["http://127.0.0.1:1"])
            )
        },
        Refusal("given member URLs are invalid", .invalidArgument) { scene in
            try await scene.addLearner("nonsense")
        },
        Refusal("Peer URLs already exists", .memberExists) { scene in
            try await scene.addLearner("http://127.0.0.1:\(scene.etcd.peerPort)")
        },
        Refusal("can only promote a learner member", .memberNotLearner) { scene in
            let id = try await scene.status().header?.memberID ?? 0
            return try await scene.promote(id)
        },
        Refusal("re-configuration failed due to not enough started members", .unhealthyCluster) {
            scene in
            let id = try await scene.status().header?.memberID ?? 0
            return try await scene.caller.status(
                SingleCaller.cluster,
                "MemberRemove",
                MemberRemoveRequest(id: id)
            )
        },
        Refusal("bad leader transferee", .invalidArgument) { scene in
            try await scene.caller.status(
                SingleCaller.maintenance,
                "MoveLeader",
                MoveLeaderRequest(targetID: 4711)
            )
        },
        Refusal("member ID already exist", .memberExists) { scene in
            // IDs are made of peer URLs and the second of the clock.
            for port in 2..<40 {
                let url = "http://127.0.0.1:\(port)"
                let learner = try await scene.caller.answer(
                    SingleCaller.cluster,
                    "MemberAdd",
                    MemberAddRequest(peerURLs: [url], isLearner: true),
                    as: MemberAddResponse.self
                )
                let status = try await scene.addLearner(url)
                try await scene.caller.succeed(
                    SingleCaller.cluster,
                    "MemberRemove",
                    MemberRemoveRequest(id: learner.member?.id ?? 0)
                )
                if status.message.contains("ID") { return status }
            }
            return GRPCStatus(code: .ok, message: "the second of the clock changed each time")
        },
        Refusal(
            "can only promote a learner member which is in sync with leader",
            .learnerNotReady
        ) { scene in
            let learner = try await scene.caller.answer(
                SingleCaller.cluster,
                "MemberAdd",
                MemberAddRequest(peerURLs: ["http://127.0.0.1:1"], isLearner: true),
                as: MemberAddResponse.self
            )
            return try await scene.promote(learner.member?.id ?? 0)
        },
        // There is the learner of the entry above.
        Refusal("too many learner members in cluster", .tooManyLearners) { scene in
            try await scene.addLearner("http://127.0.0.1:50")
        },
        Refusal("wrong downgrade target version format", .invalidArgument, on: [.v3_5]) { scene in
            try await scene.downgrade(.validate, "x")
        },
        Refusal("invalid downgrade target version", .invalidArgument, on: [.v3_5]) { scene in
            try await scene.downgrade(.validate, "3.2.0")
        },
        Refusal("no inflight downgrade job", .noDowngradeInProgress, on: [.v3_5]) { scene in
            try await scene.downgrade(.cancel, "")
        },
        Refusal("cluster has a downgrade job in progress", .downgradeInProgress, on: [.v3_5]) {
            scene in
            // The first is carried out, though the server does not answer it in time.
            _ = try await scene.downgrade(.enable, "3.4.0")
            return try await scene.downgrade(.enable, "3.4.0")
        },
    ]
}

extension Refusal.Scene {
    func status() async throws -> StatusResponse {
        try await self.caller.answer(SingleCaller.maintenance, "Status", StatusRequest())
    }

    func promote(_ id: UInt64) async throws -> GRPCStatus {
        try await self.caller.status(
            SingleCaller.cluster,
            "MemberPromote",
            MemberPromoteRequest(id: id)
        )
    }

    func addLearner(_ url: String) async throws -> GRPCStatus {
        try await self.caller.status(
            SingleCaller.cluster,
            "MemberAdd",
            MemberAddRequest(peerURLs: [url], isLearner: true)
        )
    }

    func downgrade(
        _ action: DowngradeRequest.DowngradeAction,
        _ version: String
    ) async throws -> GRPCStatus {
        try await self.caller.status(
            SingleCaller.maintenance,
            "Downgrade",
            DowngradeRequest(action: action, version: version)
        )
    }
}
