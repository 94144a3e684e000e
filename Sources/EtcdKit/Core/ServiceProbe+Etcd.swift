// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire

extension ServiceProbe {
    /// What an etcd member is asked.
    ///
    /// The proof is a read that needs the agreement of the members: one that is cut off from the
    /// others, hangs in its disk or defragments does not answer it. The statement is what gRPC's
    /// health service says of the member; most versions say always the same, newer ones can tell
    /// that they defragment.
    ///
    /// - Parameters:
    ///   - asksForStatus: whether to ask for the statement.
    ///   - metadata: the headers that a call would carry now.
    /// - Returns: the probe.
    static func etcd(
        asksForStatus: Bool,
        metadata: @escaping @Sendable () -> CallMetadata
    ) -> ServiceProbe {
        // A key that nobody has, and of it the number only.
        let nothing = RangeRequest(key: [0], limit: 1, countOnly: true)
        let statement = Question(
            HealthRPC.check.method,
            framed: HealthCheckRequest().serialized(leadingSpace: 5),
            metadata: { metadata().withoutLeader },
            judge: Self.judge(statement:)
        )
        return ServiceProbe(
            statement: asksForStatus ? statement : nil,
            proof: Question(
                KVRPC.range.method,
                framed: nothing.serialized(leadingSpace: 5),
                metadata: { metadata().withLeader },
                judge: Self.judge(proof:)
            )
        )
    }

    @Sendable
    private static func judge(
        statement answer: Result<[UInt8], CallFailure>
    ) -> ConnectionFailure? {
        switch answer {
        case .success(let bytes):
            let response = try? HealthCheckResponse(serialized: bytes)
            return response?.status == .notServing
                ? .unresponsive("the member says that it does not serve") : nil
        case .failure(let failure):
            // A server without the service refuses, which is an answer.
            if case .status = failure.reason { return nil }
            return .unresponsive("the member does not answer")
        }
    }

    @Sendable
    private static func judge(proof answer: Result<[UInt8], CallFailure>) -> ConnectionFailure? {
        guard case .failure(let failure) = answer else { return nil }
        guard case .status(let status) = failure.reason else {
            return .unresponsive("the member does not answer")
        }
        // Whether the user may read is looked at after the members have agreed.
        let meaning = ServerMessage(status.message, status: status.code)
        switch meaning.remedy {
        case .none, .newToken, .later: return nil
        case .elsewhere, .notHere:
            return .unresponsive(
                "the member cannot serve: \(ServerMessage.core(of: status.message))"
            )
        }
    }
}
