// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// A server with authentication enabled, where everybody's password is "right".
///
/// Each user may read and write below `<name>/` and below `shared/`.
struct AuthFixture: Sendable {
    let etcd: EtcdProcess
    /// A client of root.
    let root: EtcdClient

    func addUser(_ name: String, password: String = "right") async throws {
        let auth = self.root.auth
        try await auth.addUser(name, password: password)
        try await auth.addRole(name)
        try await auth.grant(.init(.readWrite, .prefix("\(name)/")), to: name)
        try await auth.grant(.init(.readWrite, .prefix("shared/")), to: name)
        try await auth.grantRole(name, to: name)
    }

    func configuration(_ credentials: EtcdClient.Credentials) -> EtcdClient.Configuration {
        EtcdClient.Configuration(endpoints: [self.etcd.endpoint], credentials: credentials)
    }

    /// A user's client.
    func withClient<Result>(
        _ user: String,
        _ body: (EtcdClient) async throws -> Result
    ) async throws -> Result {
        try await withEtcdClient(
            configuration: self.configuration(.init(user: user, password: "right")),
            body
        )
    }
}

/// Starts a server with root and the users given.
func withAuthFixture<Result>(
    _ version: EtcdVersion,
    _ options: EtcdProcess.Options = .init(),
    users: [String] = ["app"],
    _ body: (AuthFixture) async throws -> Result
) async throws -> Result {
    try await withEtcd(version, options) { etcd in
        let configuration = EtcdClient.Configuration(
            endpoints: [etcd.endpoint],
            credentials: .root
        )
        return try await withEtcdClient(configuration: configuration) { root in
            let fixture = AuthFixture(etcd: etcd, root: root)
            try await root.auth.addRoot()
            for user in users { try await fixture.addUser(user) }
            try await root.auth.enable()
            // So that root has a token, too.
            _ = try await root.auth.users()
            return try await body(fixture)
        }
    }
}

/// Writes 1, 2, 3 and so on while a body runs, and makes sure that a watch brings each of them once
/// and in order.
///
/// - Parameters:
///   - key: Where to write.
///   - writer: A client that nothing happens to.
///   - watcher: The client whose watch is under test.
///   - body: What happens meanwhile.
/// - Returns: What the body returns.
/// - Throws: What the body throws, or a write or the watch.
func withNumberedWrites<Result>(
    to key: String,
    by writer: EtcdClient,
    seenBy watcher: EtcdClient,
    _ body: () async throws -> Result
) async throws -> Result {
    let seen = Journal<Int>()
    let watch = try await watcher.watch(.key(key))
    let reading = Task {
        for try await batch in watch {
            for event in batch.events {
                seen.append(event.keyValue.value.string.flatMap { Int($0) } ?? -1)
            }
        }
    }
    let writing = Task {
        var number = 0
        while !Task.isCancelled {
            number += 1
            // Not cancelled itself: its fate must be known.
            let value = "\(number)"
            try await Task {
                do {
                    try await writer.put(key, value)
                } catch let error as EtcdError where error.code == .ambiguous {
                    // Its server was stopped: nobody else writes, so what is there now tells.
                    guard try await writer.get(key)?.value.string != value else { return }
                    try await writer.put(key, value)
                }
            }.value
            try? await Task.sleep(for: .milliseconds(5))
        }
        return number
    }
    defer {
        reading.cancel()
        writing.cancel()
    }
    let result = try await body()
    writing.cancel()
    let last = try await writing.value
    try await eventually { seen.entries.last == last }
    #expect(seen.entries == Array(1...last))
    return result
}
