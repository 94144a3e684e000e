// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

extension EtcdClient {
    /// A view of the keys that begin with a prefix, under the names that they have without it.
    ///
    /// ```swift
    /// let app = client.namespaced("apps/blue/")
    /// try await app.put("config", "on")              // writes apps/blue/config
    /// let all = try await app.range(.all)            // what begins with apps/blue/, and no more
    /// print(all.keyValues[0].key.string ?? "-")      // config
    /// ```
    ///
    /// The prefix is put before every key, range, condition and watch, nested transactions
    /// included, and taken off every key in the answers. Ranges without an upper bound end where
    /// the namespace ends. The key that equals the prefix has no name inside, as etcd has no empty
    /// keys; nothing done through the view reaches it.
    ///
    /// What is not a key belongs to the whole cluster, through a view as well: revisions,
    /// ``compact(at:physical:)``, leases and sessions, members, users and roles. Of a lease's keys
    /// ``timeToLive(of:includingKeys:)`` lists those of the namespace, while the lease's end
    /// deletes all of them.
    ///
    /// A view keeps clients of good will apart. Who may touch which keys is decided by the
    /// permissions that the cluster grants.
    ///
    /// It shares connections and credentials with this client; shutting down one shuts down both.
    /// Views can be nested: their prefixes follow each other, the outermost first.
    ///
    /// - Parameter prefix: what to put before all keys. It is taken as it is: end it with a
    ///   separator if it shall have one. An empty one changes nothing.
    /// - Returns: a client whose keys have that prefix.
    public func namespaced(_ prefix: some EtcdBytesConvertible) -> EtcdClient {
        EtcdClient(
            sharing: self,
            requestTimeout: self.requestTimeout,
            namespace: KeyNamespace(prefix: self.namespace.bytes + prefix.etcdBytes.bytes)
        )
    }

    /// What is put before all keys of this client; empty unless it came from
    /// ``namespaced(_:)``.
    public var namespace: EtcdBytes {
        EtcdBytes(adopting: self.keyNamespace?.prefix ?? [])
    }

    /// Makes a call whose messages name keys.
    ///
    /// - Parameters:
    ///   - rpc: the method.
    ///   - request: the request, with the keys as the user names them.
    ///   - isRepeatable: whether executing it twice does the same as once; nil: as the method says.
    /// - Returns: the answer, with the keys as the user names them.
    /// - Throws: ``EtcdError``, or `CancellationError` when the task was cancelled.
    func perform<Request: KeyedRequest, Response: KeyedResponse>(
        _ rpc: RPC<Request, Response>,
        _ request: Request,
        isRepeatable: Bool? = nil
    ) async throws -> Response {
        guard let namespace = self.keyNamespace else {
            return try await self.core.perform(
                rpc,
                request,
                timeout: self.requestTimeout,
                isRepeatable: isRepeatable
            )
        }
        var request = request
        request.enter(namespace)
        var response = try await self.core.perform(
            rpc,
            request,
            timeout: self.requestTimeout,
            isRepeatable: isRepeatable
        )
        try response.leave(namespace)
        return response
    }
}
