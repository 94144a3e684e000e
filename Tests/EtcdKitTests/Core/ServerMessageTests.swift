// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import EtcdTransport
import Testing

struct ServerMessageTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let status: GRPCStatus.Code
        let code: EtcdError.Code
        var execution = ServerMessage.Execution.no
        var remedy = ServerMessage.Remedy.none

        var testDescription: String { self.text }
    }

    @Test(arguments: [
        Case(
            text: "etcdserver: mvcc: required revision has been compacted",
            status: .outOfRange,
            code: .compacted
        ),
        Case(
            text: "etcdserver: mvcc: required revision is a future revision",
            status: .outOfRange,
            code: .futureRevision
        ),
        Case(
            text: "etcdserver: mvcc: database space exceeded",
            status: .resourceExhausted,
            code: .noSpace
        ),
        Case(
            text: "etcdserver: request is too large",
            status: .invalidArgument,
            code: .requestTooLarge
        ),
        Case(
            text: "grpc: received message larger than max (3000000 vs. 2097152)",
            status: .resourceExhausted,
            code: .requestTooLarge
        ),
        Case(
            text: "etcdserver: too many operations in txn request",
            status: .invalidArgument,
            code: .tooManyOperations
        ),
        Case(
            text: "etcdserver: duplicate key given in txn request",
            status: .invalidArgument,
            code: .duplicateKey
        ),
        Case(
            text: "etcdserver: key is not provided",
            status: .invalidArgument,
            code: .invalidArgument
        ),
        Case(text: "etcdserver: key not found", status: .invalidArgument, code: .keyNotFound),
        Case(
            text: "etcdserver: requested lease not found",
            status: .notFound,
            code: .leaseNotFound
        ),
        Case(
            text: "etcdserver: lease already exists",
            status: .failedPrecondition,
            code: .leaseExists
        ),
        Case(
            text: "etcdserver: too large lease TTL",
            status: .outOfRange,
            code: .leaseTTLTooLarge
        ),
        Case(
            text: "etcdserver: permission denied",
            status: .permissionDenied,
            code: .permissionDenied
        ),
        Case(
            text: "etcdserver: authentication failed, invalid user ID or password",
            status: .invalidArgument,
            code: .authenticationFailed
        ),
        Case(text: "unknown service x", status: .unimplemented, code: .unsupported),
        Case(
            text: "etcdserver: no leader",
            status: .unavailable,
            code: .noLeader,
            remedy: .elsewhere
        ),
        Case(
            text: "etcdserver: rpc not supported for learner",
            status: .unavailable,
            code: .unsupported,
            remedy: .elsewhere
        ),
        Case(
            text: "etcdserver: leader changed",
            status: .unavailable,
            code: .noLeader,
            execution: .unknown,
            remedy: .later
        ),
        Case(
            text: "etcdserver: request timed out",
            status: .unavailable,
            code: .unavailable,
            execution: .unknown,
            remedy: .elsewhere
        ),
        Case(
            text: "etcdserver: request timed out, possibly due to previous leader failure",
            status: .unavailable,
            code: .unavailable,
            execution: .unknown,
            remedy: .elsewhere
        ),
        Case(
            text: "etcdserver: server stopped",
            status: .unavailable,
            code: .unavailable,
            execution: .unknown,
            remedy: .elsewhere
        ),
        Case(
            text: "context deadline exceeded",
            status: .deadlineExceeded,
            code: .unavailable,
            execution: .unknown,
            remedy: .elsewhere
        ),
        Case(
            text: "etcdserver: user name is empty",
            status: .invalidArgument,
            code: .unauthenticated,
            remedy: .newToken
        ),
        Case(
            text: "etcdserver: invalid auth token",
            status: .unauthenticated,
            code: .unauthenticated,
            remedy: .newToken
        ),
        Case(
            text: "etcdserver: revision of auth store is old",
            status: .invalidArgument,
            code: .unauthenticated,
            remedy: .newToken
        ),
    ])
    func documentedTextsAreUnderstood(_ known: Case) {
        let message = ServerMessage(known.text, status: known.status)
        #expect(message.code == known.code)
        #expect(message.execution == known.execution)
        #expect(message.remedy == known.remedy)
    }

    /// What real servers say instead of what is documented.
    @Test(arguments: [
        Case(
            text: "auth: revision in header is old",
            status: .unknown,
            code: .unauthenticated,
            remedy: .newToken
        ),
        Case(text: "auth: permission denied", status: .unknown, code: .permissionDenied),
        Case(text: "etcdserver: permission denied", status: .unknown, code: .permissionDenied),
        Case(
            text: "etcdserver: too many requests",
            status: .unknown,
            code: .tooManyRequests,
            remedy: .later
        ),
        Case(text: "raft proposal dropped", status: .unknown, code: .noLeader, remedy: .later),
        Case(text: "not a primary lessor", status: .unknown, code: .noLeader, remedy: .elsewhere),
        Case(
            text: "rpc error: code = PermissionDenied desc = etcdserver: permission denied",
            status: .unknown,
            code: .permissionDenied
        ),
        Case(
            text: "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token",
            status: .unknown,
            code: .unauthenticated,
            remedy: .newToken
        ),
    ])
    func oddWordingsAndCodesMeanTheSame(_ odd: Case) {
        self.documentedTextsAreUnderstood(odd)
    }

    @Test
    func everyErrorOfTheCatalogueIsFoundByItsTextAndSaysWhatToDo() {
        #expect(ServerMessage.catalogue.count > 70)
        for (text, meaning) in ServerMessage.catalogue {
            #expect(ServerMessage(text, status: .unknown) == meaning, "\(text)")
            #expect(ServerMessage("etcdserver: \(text)", status: .ok) == meaning, "\(text)")
            #expect(meaning.code != .unknown, "\(text)")
            #expect(meaning.hint?.isEmpty == false, "\(text)")
            #expect(!ServerMessage.beginnings.contains { text.hasPrefix($0.text) }, "\(text)")
            let error = EtcdError.server(message: text, status: .unknown, endpoint: nil)
            #expect(error.message == "\(text); \(meaning.hint ?? "")")
        }
    }

    /// The leader of an election is not the leader of the cluster.
    @Test
    func leadersOfElectionsAreNotThoseOfTheCluster() {
        #expect(ServerMessage("election: no leader", status: .unknown).code == .nobodyElected)
        #expect(ServerMessage("election: not leader", status: .unknown).code == .notElected)
        #expect(ServerMessage("etcdserver: no leader", status: .unavailable).code == .noLeader)
        #expect(ServerMessage("not leader", status: .failedPrecondition).code == .notLeader)
    }

    @Test
    func unknownTextsAreJudgedByTheirCode() {
        let busy = ServerMessage("something new", status: .unavailable)
        #expect(busy.execution == .unknown)
        #expect(busy.remedy == .elsewhere)
        let refused = ServerMessage("something new", status: .invalidArgument)
        #expect(refused.code == .invalidArgument)
        #expect(refused.execution == .no)
        let odd = ServerMessage("something new", status: .unknown)
        #expect(odd.code == .unknown)
        #expect(odd.execution == .unknown)
        #expect(ServerMessage("", status: .init(rawValue: 99)).code == .unknown)
    }

    @Test
    func theServersWordsAreInTheError() {
        let error = EtcdError.server(message: "brand new trouble", status: .unknown, endpoint: nil)
        #expect(error.description.contains("brand new trouble"))
        #expect(error.description.contains("UNKNOWN"))
    }
}
