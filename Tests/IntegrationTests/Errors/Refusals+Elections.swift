// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import EtcdTestSupport
import EtcdTransport
import EtcdWire
import Testing

extension Refusal {
    private static let name = Array("election".utf8)

    /// What the server's own locks and elections say.
    static let elections: [Refusal] = [
        Refusal("election: no leader", .nobodyElected) { scene in
            try await scene.caller.status(
                SingleCaller.election,
                "Leader",
                LeaderRequest(name: Self.name)
            )
        },
        Refusal(
            "election: not leader",
            .notElected,
            after: { scene in
                try await scene.caller.succeed(
                    SingleCaller.lease,
                    "LeaseGrant",
                    LeaseGrantRequest(ttl: 60, id: 11)
                )
            },
            by: { scene in
                let key = LeaderKey(
                    name: Self.name,
                    key: Self.name + Array("/b".utf8),
                    revision: 1,
                    lease: 11
                )
                return try await scene.caller.status(
                    SingleCaller.election,
                    "Proclaim",
                    ProclaimRequest(leader: key, value: [1])
                )
            }
        ),
        Refusal("\"leader\" field must be provided", .invalidArgument) { scene in
            try await scene.caller.status(
                SingleCaller.election,
                "Proclaim",
                ProclaimRequest(value: [1])
            )
        },
        Refusal("mutex: session is expired", .leaseNotFound, on: [.v3_5], isAlone: false) { scene in
            let caller = scene.caller
            for id: Int64 in [21, 22] {
                try await caller.succeed(
                    SingleCaller.lease,
                    "LeaseGrant",
                    LeaseGrantRequest(ttl: 60, id: id)
                )
            }
            let lock = Array("lock".utf8)
            let held = try await caller.answer(
                SingleCaller.lock,
                "Lock",
                LockRequest(name: lock, lease: 21),
                as: LockResponse.self
            )
            async let waiting = caller.status(
                SingleCaller.lock,
                "Lock",
                LockRequest(name: lock, lease: 22)
            )
            try await eventually { try await scene.client.range(.prefix("lock/")).count == 2 }
            try await caller.succeed(
                SingleCaller.lease,
                "LeaseRevoke",
                LeaseRevokeRequest(id: 22)
            )
            try await caller.succeed(SingleCaller.lock, "Unlock", UnlockRequest(key: held.key))
            return try await waiting
        },
    ]
}
