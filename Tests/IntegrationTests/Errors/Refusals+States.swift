// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import EtcdTestSupport
import EtcdTransport
import EtcdWire
import Testing

extension Refusal {
    /// On a server whose database may have 4 MB.
    static let alarms: [Refusal] = [
        Refusal(
            "database space exceeded",
            .noSpace,
            after: { scene in
                let value = [UInt8](repeating: 1, count: 500_000)
                for index in UInt8(0)..<40 {
                    let status = try await scene.put(PutRequest(key: [1, index], value: value))
                    if status.code != .ok { return }
                    // The size is taken anew when etcd commits to its file, each 100 ms.
                    try await Task.sleep(for: .milliseconds(30))
                }
            },
            // As large, for a small one may fit in until the alarm is raised.
            by: {
                let value = [UInt8](repeating: 1, count: 500_000)
                return try await $0.put(PutRequest(key: [1], value: value))
            }
        )
    ]

    /// On a server whose members are said to differ.
    static let corruption: [Refusal] = [
        Refusal(
            "corrupt cluster",
            .corrupt,
            after: { scene in
                let id = try await scene.status().header?.memberID ?? 0
                try await scene.caller.succeed(
                    SingleCaller.maintenance,
                    "Alarm",
                    AlarmRequest(action: .activate, memberID: id, alarm: .corrupt)
                )
            },
            by: { try await $0.put(PutRequest(key: [1], value: [1])) }
        )
    ]

    /// On a server that takes long to make a password's hash, and does so while it applies.
    ///
    /// From 3.5 on the hash is made before.
    static let slowApply: [Refusal] = [
        Refusal("too many requests", .tooManyRequests, on: [.v3_4], isAlone: false) { scene in
            async let _ = scene.auth(
                "UserAdd",
                AuthUserAddRequest(name: "slow", password: "password")
            )
            // What is being applied stays so: it is the hash.
            var applied: UInt64 = 0
            try await eventually {
                let status = try await scene.status()
                defer { applied = status.raftAppliedIndex }
                guard status.raftIndex > status.raftAppliedIndex else { return false }
                try await Task.sleep(for: .milliseconds(300))
                return status.raftAppliedIndex == applied
            }
            // Those that got in before may have to wait too long for their turn.
            for _ in 0..<5 {
                if let status = try await scene.firstRefusalOfMany() { return status }
            }
            return GRPCStatus(code: .ok, message: "no put was refused")
        }
    ]
}

extension Refusal.Scene {
    /// Puts more than may wait, all at once; nil if none of them was one too many.
    fileprivate func firstRefusalOfMany() async throws -> GRPCStatus? {
        try await withThrowingTaskGroup(of: GRPCStatus.self) { group in
            for index in 0..<6000 {
                group.addTask { try await self.put(PutRequest(key: Array("k\(index % 10)".utf8))) }
            }
            for try await status in group where status.message.contains("too many") {
                group.cancelAll()
                return status
            }
            return nil
        }
    }
}
