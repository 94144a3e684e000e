// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import EtcdTestSupport
import EtcdTransport
import Testing

/// One error of the catalogue, and how a real server is brought to say it.
struct Refusal: Sendable {
    /// A server, and what earlier steps have left on it.
    struct Scene: Sendable {
        /// What the steps talk to unless they say otherwise.
        let etcd: EtcdProcess
        let client: EtcdClient
        /// The cluster that the server belongs to, if the steps need one.
        var members: EtcdTestSupport.EtcdCluster?

        var cluster: EtcdTestSupport.EtcdCluster {
            get throws { try #require(self.members) }
        }

        var caller: SingleCaller { SingleCaller(core: self.client.core) }
    }

    /// The text in the catalogue.
    let text: String
    /// What a user has to branch on.
    let code: EtcdError.Code
    /// The servers that say it.
    var versions = EtcdVersion.allCases
    /// What has to be there first.
    var prepare: @Sendable (Scene) async throws -> Void = { _ in }
    /// Whether nothing else happens meanwhile that moves the store's revision.
    var isAlone = true
    /// The call that is refused.
    let provoke: @Sendable (Scene) async throws -> GRPCStatus

    init(
        _ text: String,
        _ code: EtcdError.Code,
        on versions: [EtcdVersion] = EtcdVersion.allCases,
        isAlone: Bool = true,
        after prepare: @escaping @Sendable (Scene) async throws -> Void = { _ in },
        by provoke: @escaping @Sendable (Scene) async throws -> GRPCStatus
    ) {
        self.text = text
        self.code = code
        self.versions = versions
        self.isAlone = isAlone
        self.prepare = prepare
        self.provoke = provoke
    }

    /// Has the server say it, and looks at what the client makes of it.
    func check(_ scene: Scene) async throws {
        guard self.versions.contains(scene.etcd.version) else { return }
        try await self.prepare(scene)
        let before = try await scene.revision()
        let status = try await self.provoke(scene)
        #expect(self.isSaid(in: status), "\(self.text): \(status)")
        let meaning = ServerMessage(status.message, status: status.code)
        #expect(meaning.code == self.code, "\(self.text): \(status)")
        if meaning.execution == .no, self.isAlone {
            let after = try await scene.revision()
            // Who has lost the right to look has changed nothing else either.
            #expect(after == nil || before == after, "\(self.text) was executed")
        }
        let error = EtcdError.server(message: status.message, status: status.code, endpoint: nil)
        #expect(error.code == self.code)
        if let hint = meaning.hint { #expect(error.message.hasSuffix("; \(hint)")) }
    }

    /// Whether the words are the entry's, and not another one's of the same code.
    private func isSaid(in status: GRPCStatus) -> Bool {
        let words = ServerMessage.core(of: status.message)
        if ServerMessage.catalogue[self.text] != nil { return words == self.text }
        return words.hasPrefix(self.text)
    }
}

extension Refusal.Scene {
    /// The store's revision; nil where nobody may see it.
    fileprivate func revision() async throws -> Int64? {
        // Its members come and go.
        guard self.members == nil else { return nil }
        do {
            return try await self.caller.storeRevision()
        } catch is CallFailure {
            guard let token = try? await self.caller.token("root", "right") else { return nil }
            return try await self.caller.with(token: token).storeRevision()
        }
    }
}
