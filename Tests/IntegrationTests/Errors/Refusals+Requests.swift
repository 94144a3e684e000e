// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import EtcdTestSupport
import EtcdTransport
import EtcdWire

extension Refusal {
    private static let key = Array("key".utf8)

    /// What is wrong with requests; on one server without users, one after the other.
    static let requests: [Refusal] = [
        Refusal("key is not provided", .invalidArgument) { scene in
            try await scene.caller.status(SingleCaller.kv, "Range", RangeRequest())
        },
        Refusal("value is provided", .invalidArgument) { scene in
            try await scene.put(PutRequest(key: Self.key, value: [1], ignoreValue: true))
        },
        Refusal("lease is provided", .invalidArgument) { scene in
            try await scene.put(PutRequest(key: Self.key, lease: 1, ignoreLease: true))
        },
        Refusal("key not found", .keyNotFound) { scene in
            try await scene.put(PutRequest(key: Self.key, ignoreValue: true))
        },
        Refusal("too many operations in txn request", .tooManyOperations) { scene in
            let puts = (0..<129).map { PutRequest(key: Array("k\($0)".utf8)) }
            return try await scene.commit(puts)
        },
        Refusal("duplicate key given in txn request", .duplicateKey) { scene in
            try await scene.commit([PutRequest(key: Self.key), PutRequest(key: Self.key)])
        },
        Refusal("request is too large", .requestTooLarge) { scene in
            // More than etcd takes, and less than its gRPC takes.
            let value = [UInt8](repeating: 1, count: 1_700_000)
            return try await scene.put(PutRequest(key: Self.key, value: value))
        },
        Refusal("grpc: received message larger than max", .requestTooLarge) { scene in
            let value = [UInt8](repeating: 1, count: 3_000_000)
            return try await scene.put(PutRequest(key: Self.key, value: value))
        },
        Refusal(
            "required revision has been compacted",
            .compacted,
            after: { scene in
                for _ in 0..<3 { try await scene.client.put("key", "value") }
                let revision = try await scene.caller.storeRevision()
                try await scene.caller.succeed(
                    SingleCaller.kv,
                    "Compact",
                    CompactionRequest(revision: revision)
                )
            },
            by: { scene in
                try await scene.caller.status(
                    SingleCaller.kv,
                    "Range",
                    RangeRequest(key: Self.key, revision: 1)
                )
            }
        ),
        Refusal("required revision is a future revision", .futureRevision) { scene in
            try await scene.caller.status(
                SingleCaller.kv,
                "Range",
                RangeRequest(key: Self.key, revision: 1_000_000)
            )
        },
        Refusal("requested lease not found", .leaseNotFound) { scene in
            try await scene.put(PutRequest(key: Self.key, lease: 4711))
        },
        Refusal(
            "lease already exists",
            .leaseExists,
            after: { scene in
                try await scene.caller.succeed(
                    SingleCaller.lease,
                    "LeaseGrant",
                    LeaseGrantRequest(ttl: 60, id: 7)
                )
            },
            by: { scene in
                try await scene.caller.status(
                    SingleCaller.lease,
                    "LeaseGrant",
                    LeaseGrantRequest(ttl: 60, id: 7)
                )
            }
        ),
        Refusal("too large lease TTL", .leaseTTLTooLarge) { scene in
            try await scene.caller.status(
                SingleCaller.lease,
                "LeaseGrant",
                LeaseGrantRequest(ttl: 9_000_000_001, id: 8)
            )
        },
        Refusal("duplicate watch ID provided on the WatchStream", .invalidArgument) { scene in
            let create = WatchCreateRequest(key: Self.key, watchID: 5)
            return try await scene.caller.reasonForEnd(of: [
                WatchRequest(request: .create(create)), WatchRequest(request: .create(create)),
            ])
        },
        Refusal("watcher range is empty", .invalidArgument) { scene in
            let create = WatchCreateRequest(key: [2], rangeEnd: [1], watchID: 5)
            return try await scene.caller.reasonForEnd(of: [
                WatchRequest(request: .create(create))
            ])
        },
        Refusal("unknown service", .unsupported) { scene in
            try await scene.caller.status("etcdserverpb.Teapot", "Brew", RangeRequest())
        },
        Refusal("unknown method", .unsupported) { scene in
            try await scene.caller.status(SingleCaller.kv, "Brew", RangeRequest())
        },
        Refusal("context deadline exceeded", .unavailable) { scene in
            // The server is told of a deadline that the caller does not have itself.
            try await scene.caller.status(
                SingleCaller.lock,
                "Lock",
                LockRequest(name: Self.key, lease: 7),
                headers: [("grpc-timeout", "1n")]
            )
        },
    ]
}

extension Refusal.Scene {
    func put(_ request: PutRequest) async throws -> GRPCStatus {
        try await self.caller.status(SingleCaller.kv, "Put", request)
    }

    func commit(_ puts: [PutRequest]) async throws -> GRPCStatus {
        try await self.caller.status(
            SingleCaller.kv,
            "Txn",
            TxnRequest(success: puts.map { RequestOp(request: .put($0)) })
        )
    }
}
