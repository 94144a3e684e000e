// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

public import EtcdKit

extension RollingLock {
    /// Writes, reads and deletes a key below `<root>/<cluster-id>/`, to see whether that is allowed.
    ///
    /// The key hangs on a lease of a minute, so it vanishes even if the deletion is lost. It lies beside
    /// the locks and disturbs none. A unit with a role of its own that may write its tickets only is
    /// refused.
    ///
    /// - Returns: The revision of etcd at which it was written.
    /// - Throws: ``RollingLockError``, or `CancellationError` when the task was cancelled.
    public func probe() async throws -> EtcdRevision {
        let requests = self.coordinator.requests
        let client = requests.client
        let key = requests.keys.clusterPrefix + "probe/\(UInt64.random(in: .min ... .max))"
        do {
            let lease = try await client.grantLease(ttl: .seconds(60)).id
            do {
                let written = try await client.commit(
                    EtcdTransaction(when: [.isAbsent(key)], then: [.put(key, "1", lease: lease)])
                )
                let found = try await client.get(key)
                guard found?.createRevision == written.header.revision else {
                    throw RollingLockError(code: .failed, message: "a key was not as written")
                }
                // With its key.
                try await client.revokeLease(lease)
                return written.header.revision
            } catch {
                try? await client.revokeLease(lease)
                throw error
            }
        } catch {
            throw RollingLockError.translate(error, requests)
        }
    }
}
