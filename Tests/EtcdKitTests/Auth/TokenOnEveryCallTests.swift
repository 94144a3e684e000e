// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import EtcdWire
import Foundation
import Synchronization
import Testing

/// Servers differ in which calls they want a user for, and want one for more and more of them.
@Suite(.timeLimit(.minutes(5)))
struct TokenOnEveryCallTests {
    private let lease = EtcdLeaseID(5)
    private let member = EtcdMemberID(2)

    /// Which methods were called, and the tokens they carried.
    private final class Record: Sendable {
        private struct State {
            var paths: [Int32: String] = [:]
            var tokens: [String: Set<String?>] = [:]
        }

        private let state = Mutex(State())

        var tokens: [String: Set<String?>] { self.state.withLock { $0.tokens } }

        func received(_ headers: [ScriptedHeader], on stream: Int32) {
            let path = headers.first { $0.name == ":path" }?.value ?? ""
            // "/etcdserverpb.KV/Range" is "KV/Range" in the descriptions of the services.
            let name = String(path.drop { $0 != "." }.dropFirst())
            let method = name.split(separator: ".").last.map(String.init) ?? name
            let token = headers.first { $0.name == "token" }?.value
            self.state.withLock { state in
                state.paths[stream] = method
                state.tokens[method, default: []].insert(token)
            }
        }

        func method(of stream: Int32) -> String? {
            self.state.withLock { $0.paths.removeValue(forKey: stream) }
        }
    }

    /// Answers every call with as little as will do.
    private func answer(to method: String) -> [UInt8] {
        let header = ResponseHeader(clusterID: 1, memberID: 1, revision: 9)
        switch method {
        case "Auth/Authenticate":
            return AuthenticateResponse(token: "abcdefgh.1").serialized()
        case "KV/Range":
            let pair = KeyValue(key: [1], createRevision: 2, modRevision: 2, version: 1)
            return RangeResponse(header: header, kvs: [pair], more: true, count: 2).serialized()
        case "Maintenance/Status":
            return StatusResponse(header: header, version: "3.7.0", leader: 1).serialized()
        case "Lease/LeaseGrant":
            return LeaseGrantResponse(header: header, id: 5, ttl: 60).serialized()
        default:
            return []
        }
    }

    private func known() throws -> Set<String> {
        let folder = PackageRoot.path + "/Protos/"
        var known: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
            var service = ""
            let text = try String(contentsOfFile: folder + file, encoding: .utf8)
            for line in text.split(separator: "\n") {
                let words = line.split(whereSeparator: { " ({".contains($0) })
                guard words.count > 1 else { continue }
                if words[0] == "service" { service = String(words[1]) }
                if words[0] == "rpc" { known.insert("\(service)/\(words[1])") }
            }
        }
        return known
    }

    @Test
    func everyCallButTheOneForItCarriesTheToken() async throws {
        let record = Record()
        let server = try ScriptedServer { event, link in
            switch event {
            case .request(let stream, let headers):
                record.received(headers, on: stream)
            case .endOfStream(let stream):
                guard let method = record.method(of: stream) else { return }
                link.session?.answer(stream, with: self.answer(to: method))
            default:
                break
            }
        }
        var configuration = EtcdClient.Configuration(
            endpoints: ["127.0.0.1:\(server.port)"],
            credentials: .init(user: "unit", password: "right")
        )
        configuration.requestTimeout = .seconds(1)
        try await withEtcdClient(configuration: configuration) { client in
            await self.callKeysAndLeases(client)
            await self.callAuth(client.auth)
            await self.callClusterAndMaintenance(client)
            await self.callLocksAndElections(client)
        }
        let tokens = record.tokens
        #expect(try Set(tokens.keys) == self.known())
        // The health of a server is everybody's business.
        let bare: Set = ["Auth/Authenticate", "Health/Check", "Health/Watch"]
        for (method, seen) in tokens {
            // A member that takes its time is asked for a sign of life with a read that nobody need be
            // granted: a refusal tells as much.
            let calls = method == "KV/Range" ? seen.subtracting([nil]) : seen
            #expect(calls == (bare.contains(method) ? [nil] : ["abcdefgh.1"]), "\(method)")
        }
    }

    /// Makes a call; what comes of it does not matter, nor whether anything does.
    private func attempt(_ call: @escaping @Sendable () async throws -> Void) async {
        let task = Task { try await call() }
        let timer = Task {
            try await Task.sleep(for: .seconds(20))
            task.cancel()
        }
        _ = await task.result
        timer.cancel()
    }

    private func callKeysAndLeases(_ client: EtcdClient) async {
        await self.attempt { _ = try await client.put("a", "1") }
        await self.attempt { _ = try await client.get("a") }
        await self.attempt { _ = try await client.delete("a") }
        await self.attempt { _ = try await client.commit(EtcdTransaction(then: [.put("a", "1")])) }
        await self.attempt { _ = try await client.compact(at: 3) }
        await self.attempt {
            for try await _ in client.pages(of: .prefix("")) {}
        }
        await self.attempt { _ = try await client.grantLease(ttl: .seconds(60)) }
        await self.attempt { _ = try await client.revokeLease(self.lease) }
        await self.attempt { _ = try await client.keepAlive(self.lease) }
        await self.attempt { _ = try await client.timeToLive(of: self.lease) }
        await self.attempt { _ = try await client.leases() }
        await self.attempt { _ = try await client.openLeaseSession(ttl: .seconds(60)).abandon() }
        await self.attempt {
            _ = try await client.withRequestTimeout(.milliseconds(300)).watch(.key("a"))
        }
    }

    private func callAuth(_ auth: EtcdAuth) async {
        await self.attempt { _ = try await auth.enable() }
        await self.attempt { _ = try await auth.disable() }
        await self.attempt { _ = try await auth.status() }
        await self.attempt { _ = try await auth.addUser("a", password: "b") }
        await self.attempt { _ = try await auth.user("a") }
        await self.attempt { _ = try await auth.users() }
        await self.attempt { _ = try await auth.deleteUser("a") }
        await self.attempt { _ = try await auth.changePassword(of: "a", to: "b") }
        await self.attempt { _ = try await auth.grantRole("r", to: "a") }
        await self.attempt { _ = try await auth.revokeRole("r", from: "a") }
        await self.attempt { _ = try await auth.addRole("r") }
        await self.attempt { _ = try await auth.role("r") }
        await self.attempt { _ = try await auth.roles() }
        await self.attempt { _ = try await auth.deleteRole("r") }
        await self.attempt { _ = try await auth.grant(.init(.read, .key("a")), to: "r") }
        await self.attempt { _ = try await auth.revokePermission(on: .key("a"), from: "r") }
    }

    private func callClusterAndMaintenance(_ client: EtcdClient) async {
        let (cluster, maintenance) = (client.cluster, client.maintenance)
        await self.attempt { _ = try await cluster.members() }
        await self.attempt { _ = try await cluster.addMember(peerURLs: ["http://10.0.0.1:2380"]) }
        await self.attempt { _ = try await cluster.removeMember(self.member) }
        await self.attempt {
            _ = try await cluster.updateMember(self.member, peerURLs: ["http://10.0.0.1:2380"])
        }
        await self.attempt { _ = try await cluster.promoteMember(self.member) }
        await self.attempt { _ = try await maintenance.alarms() }
        await self.attempt { _ = try await maintenance.status() }
        await self.attempt { _ = try await maintenance.defragment() }
        await self.attempt { _ = try await maintenance.hash() }
        await self.attempt { _ = try await maintenance.hashKV() }
        await self.attempt {
            for try await _ in try await maintenance.snapshot() {}
        }
        await self.attempt { _ = try await maintenance.moveLeader(to: self.member) }
        await self.attempt { _ = try await maintenance.validateDowngrade(to: "3.6.0") }
        await self.attempt { _ = try await maintenance.servingStatus() }
        await self.attempt {
            for try await _ in try await maintenance.servingStatuses() {}
        }
    }

    private func callLocksAndElections(_ client: EtcdClient) async {
        let leader = EtcdLeaderKey(
            name: "e",
            key: "e/1",
            fencingToken: 2,
            leaseID: self.lease
        )
        await self.attempt {
            _ = try await client.lockService.lock("l", lease: self.lease, timeout: .seconds(1))
        }
        await self.attempt { _ = try await client.lockService.unlock("l/1") }
        let election = client.electionService
        await self.attempt {
            _ = try await election.campaign("e", "v", lease: self.lease, timeout: .seconds(1))
        }
        await self.attempt { _ = try await election.proclaim("v", as: leader) }
        await self.attempt { _ = try await election.leader("e") }
        await self.attempt {
            for try await _ in try election.observe("e") {}
        }
        await self.attempt { _ = try await election.resign(leader) }
    }
}
