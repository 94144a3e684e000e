// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A client of an etcd cluster.
///
/// The client connects when it is first used, keeps its connections open, and moves to another
/// endpoint when one fails. It is safe to use from any number of tasks at once; one client per
/// cluster and process is enough.
///
/// ```swift
/// try await withEtcdClient(configuration: .init(endpoints: ["127.0.0.1:2379"])) { client in
///     try await client.put("greeting", "hello")
///     let answer = try await client.get("greeting")
///     print(answer?.value.string ?? "-")
/// }
/// ```
///
/// Long-lived owners make a client with ``init(configuration:)`` and call ``shutdown()`` at the
/// end. A client that is let go without that closes its connections too, and says so in the log.
///
/// Calls that change nothing are repeated on another endpoint until the request timeout when one
/// fails. Calls that write are repeated only when it is proven that the first try was not
/// executed; otherwise they end with ``EtcdError/Code/ambiguous``.
public final class EtcdClient: Sendable {
    let core: ClientCore

    /// How long a call made through this client may take, retries included.
    public let requestTimeout: Duration

    /// What this client sees of the key space; nil for all of it.
    let keyNamespace: KeyNamespace?

    /// Closes the core when the last client that shares it goes away.
    private let lifetime: ClientLifetime

    /// Makes a client; no connection is made yet.
    ///
    /// - Parameter configuration: where and how to connect.
    /// - Throws: ``EtcdError`` with ``EtcdError/Code/invalidEndpoint`` for a missing or malformed
    ///   endpoint, ``EtcdError/Code/tlsFailed`` when certificates or keys cannot be used, and
    ///   ``EtcdError/Code/invalidArgument`` for other values out of range.
    public init(configuration: Configuration) throws {
        self.core = try ClientCore(configuration: configuration)
        self.requestTimeout = configuration.requestTimeout
        self.keyNamespace = nil
        self.lifetime = ClientLifetime(core: self.core)
    }

    /// Another view of the same client.
    init(sharing client: EtcdClient, requestTimeout: Duration, namespace: KeyNamespace?) {
        self.core = client.core
        self.requestTimeout = requestTimeout
        self.keyNamespace = namespace
        self.lifetime = client.lifetime
    }

    /// The same client with another request timeout.
    ///
    /// It shares connections and credentials with this one; shutting down one shuts down both.
    ///
    /// ```swift
    /// let history = try await client.withRequestTimeout(.seconds(60)).range(.prefix("history/"))
    /// ```
    ///
    /// - Parameter timeout: how long one call may take, retries included. With zero or less every
    ///   call fails at once.
    /// - Returns: a client whose calls have that timeout.
    public func withRequestTimeout(_ timeout: Duration) -> EtcdClient {
        EtcdClient(sharing: self, requestTimeout: timeout, namespace: self.keyNamespace)
    }

    /// Ends all calls, watches and lease sessions of the client and closes its connections.
    ///
    /// Later calls fail with ``EtcdError/Code/closed``. Calling it again does nothing.
    public func shutdown() async {
        await self.core.shutdown()
    }
}

/// Closes a client's core when nobody can make calls any more.
///
/// A separate object because several clients may share a core, and because what runs on the core
/// in the background must not keep it open.
private final class ClientLifetime: Sendable {
    private let core: ClientCore

    init(core: ClientCore) {
        self.core = core
    }

    deinit {
        self.core.abandon()
    }
}

/// Runs a closure with a client and shuts the client down afterwards, however the closure ends.
///
/// - Parameters:
///   - configuration: where and how to connect.
///   - body: what to do with the client; it is not valid afterwards.
/// - Returns: what `body` returns.
/// - Throws: what `body` throws, or ``EtcdError`` when the configuration is wrong.
public nonisolated(nonsending) func withEtcdClient<Result>(
    configuration: EtcdClient.Configuration,
    _ body: (EtcdClient) async throws -> Result
) async throws -> Result {
    let client = try EtcdClient(configuration: configuration)
    do {
        let result = try await body(client)
        await client.shutdown()
        return result
    } catch {
        await client.shutdown()
        throw error
    }
}
