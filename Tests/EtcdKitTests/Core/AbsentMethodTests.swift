// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import EtcdTransport
import Testing

/// What a server that is too old becomes.
struct AbsentMethodTests {
    private func verdict(
        _ text: String,
        _ status: GRPCStatus.Code = .unimplemented,
        since: String?
    ) throws -> CallVerdict {
        CallVerdict(
            CallFailure(
                .status(GRPCStatus(code: status, message: text)),
                isProvenUnprocessed: false
            ),
            of: GRPCMethod(service: "etcdserverpb.Auth", method: "AuthStatus"),
            since: since,
            endpoint: try Endpoint(parsing: "a:1", tlsByDefault: false)
        )
    }

    @Test(arguments: [
        "unknown method AuthStatus for service etcdserverpb.Auth",
        "unknown method AuthStatus",
        "unknown service etcdserverpb.Auth",
        "rpc error: code = Unimplemented desc = unknown service etcdserverpb.Auth",
        "",
    ])
    func theErrorNamesTheMethodAndTheVersionNeeded(_ text: String) throws {
        let verdict = try self.verdict(text, since: "3.5")
        #expect(verdict.error.code == .unsupported)
        #expect(
            verdict.error.message
                == "the server has no etcdserverpb.Auth/AuthStatus; it needs etcd 3.5 or newer"
        )
        #expect(verdict.error.endpoint == "http://a:1")
        #expect(!verdict.error.isRetryable)
        #expect(verdict.execution == .no)
        #expect(verdict.remedy == .none)
    }

    @Test
    func aMethodThatEveryEtcdHasMakesThePortSuspect() throws {
        let error = try self.verdict("unknown service etcdserverpb.Auth", since: nil).error
        #expect(error.code == .unsupported)
        #expect(error.message.contains("is this etcd's client port?"))
    }

    @Test
    func theWordsOfAMethodThatIsThereAreKept() throws {
        let error = try self.verdict("sorting is not implemented", since: "3.7").error
        #expect(error.code == .unsupported)
        #expect(error.message.contains("sorting is not implemented"))
        #expect(!error.message.contains("3.7"))
    }
}
