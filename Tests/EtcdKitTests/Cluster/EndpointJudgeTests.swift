// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import EtcdTransport
import Testing

struct EndpointJudgeTests {
    private static let id = EtcdMemberID(7)

    private func endpoint(_ text: String) throws -> Endpoint {
        try Endpoint(parsing: text, tlsByDefault: false)
    }

    private func member(_ urls: [String], isLearner: Bool = false) -> EtcdMember {
        EtcdMember(
            id: Self.id,
            name: urls.isEmpty ? "" : "m",
            peerURLs: [],
            clientURLs: urls,
            isLearner: isLearner
        )
    }

    private func judge(
        _ bootstrap: [String],
        prefersTLS: Bool = false,
        hasTLS: Bool = false
    ) throws -> EndpointJudge {
        EndpointJudge(
            bootstrap: try bootstrap.map(self.endpoint),
            security: EndpointSecurity(prefersTLS: prefersTLS, hasTLS: hasTLS)
        )
    }

    private func reasons(_ verdict: EndpointJudge.Verdict) -> [EtcdEndpointSync.Reason] {
        verdict.skipped.map(\.reason)
    }

    @Test func newEndpointsAreTakenOnceAndKnownOnesNotAgain() throws {
        let verdict = try self.judge(["10.0.0.1:2379"]).judge([
            self.member(["http://10.0.0.1:2379", "http://10.0.0.2:2379"]),
            self.member(["http://10.0.0.2:2379", "http://[fd00::3]:2379", "http://etcd-4"]),
        ])
        let expected = ["10.0.0.2:2379", "[fd00::3]:2379", "etcd-4:2379"]
        #expect(try verdict.endpoints == expected.map(self.endpoint))
        #expect(verdict.skipped == [])
    }

    @Test func placesToListenAreNotPlacesToConnectTo() throws {
        let urls = [
            "http://0.0.0.0:2379", "http://[::]:2379", "http://[0:0::0]:1",
            "http://[::ffff:0.0.0.0]:1",
        ]
        let verdict = try self.judge(["127.0.0.1:1"]).judge([self.member(urls)])
        #expect(verdict.endpoints == [])
        #expect(verdict.skipped.map(\.url) == urls)
        #expect(Set(self.reasons(verdict)) == [.unspecifiedHost])
    }

    /// `http://localhost:2379` is what etcd advertises unless told otherwise.
    @Test func loopbackIsTakenOnlyByClientsThatUseIt() throws {
        let urls = [
            "http://localhost:2379", "http://127.0.0.2:2379", "http://[::1]:2379",
            "http://[::ffff:127.0.0.1]:2379", "http://etcd.localhost:2379",
        ]
        let far = try self.judge(["10.0.0.1:2379"]).judge([self.member(urls)])
        #expect(far.endpoints == [] && Set(self.reasons(far)) == [.loopback])
        let near = try self.judge(["10.0.0.1:2379", "localhost:1"]).judge([self.member(urls)])
        #expect(near.endpoints.count == 5 && near.skipped == [])
    }

    @Test func learnersAndMembersNotStartedAreSkippedWhole() throws {
        let verdict = try self.judge(["10.0.0.1:2379"]).judge([
            self.member(["http://10.0.0.2:2379"], isLearner: true), self.member([]),
        ])
        #expect(verdict.endpoints == [])
        #expect(
            verdict.skipped == [
                .init(member: Self.id, url: nil, reason: .learner),
                .init(member: Self.id, url: nil, reason: .notStarted),
            ]
        )
    }

    @Test func nothingGoesOutInPlainTextWhereTLSIsConfigured() throws {
        let member = self.member(["http://10.0.0.2:1", "https://10.0.0.2:2"])
        let secure = try self.judge(["https://10.0.0.1"], prefersTLS: true, hasTLS: true)
        #expect(self.reasons(secure.judge([member])) == [.withoutTLS])
        let plain = try self.judge(["10.0.0.1"])
        #expect(self.reasons(plain.judge([member])) == [.needsTLS])
        let mixed = try self.judge(["https://10.0.0.1", "http://10.0.0.3"], hasTLS: true)
        #expect(mixed.judge([member]).skipped == [])
    }

    @Test func endpointsThatAllSpeakTLSConfigureIt() async throws {
        let secure = try EtcdClient(configuration: .init(endpoints: ["https://10.0.0.1"]))
        #expect(secure.core.endpointSecurity.prefersTLS)
        let mixed = try EtcdClient(
            configuration: .init(endpoints: ["https://10.0.0.1", "http://10.0.0.2"])
        )
        #expect(!mixed.core.endpointSecurity.prefersTLS)
        await secure.shutdown()
        await mixed.shutdown()
    }

    @Test func whatIsNoEndpointIsMalformed() throws {
        let urls = ["unix://localhost:2379", "http://10.0.0.2:2379/path", "http://*:2379", ""]
        let verdict = try self.judge(["10.0.0.1"]).judge([self.member(urls)])
        #expect(verdict.endpoints == [])
        #expect(self.reasons(verdict) == Array(repeating: .malformed, count: 4))
    }

    @Test func aSocketIsOfTheMachineThatHasIt() throws {
        let member = self.member(["unix:///run/etcd.sock"])
        let verdict = try self.judge(["10.0.0.1"]).judge([member])
        #expect(self.reasons(verdict) == [.loopback])
        #expect(try self.judge(["127.0.0.1"]).judge([member]).endpoints.count == 1)
    }

    @Test func theConfigurationComesFirstAndWhatIsInUseKeepsItsPlace() throws {
        var sources = EndpointSources(configured: try ["a:1", "b:1"].map(self.endpoint))
        sources.hear(try ["d:1"].map(self.endpoint))
        sources.hear(try ["c:1", "d:1"].map(self.endpoint))
        sources.hear(try ["gone:1", "c:1", "d:1"].map(self.endpoint))
        sources.hear(try ["c:1", "d:1", "new:1"].map(self.endpoint))
        #expect(try sources.list == ["a:1", "b:1", "d:1", "c:1", "new:1"].map(self.endpoint))
        // However little is told.
        sources.hear([])
        #expect(try sources.list == ["a:1", "b:1"].map(self.endpoint))
    }
}
