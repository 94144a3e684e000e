// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import RollingLock

/// What etcd lets this client do: below the cluster's prefix, and beyond.
struct GrantExamination: Sendable {
    let client: EtcdClient
    let lock: RollingLock

    private var root: String {
        let root = self.lock.configuration.root
        return root.hasSuffix("/") ? root : root + "/"
    }

    func findings() async -> [Finding] {
        let connection = await self.connection()
        guard connection.status == 0 else { return [connection] }
        let beyond = await self.isDenied { try await self.client.commit(self.outside()) }
        return [
            connection, await self.probe(), await self.width(beyond), await self.bypass(beyond),
        ]
    }

    /// Reads the queue.
    private func connection() async -> Finding {
        let start = ContinuousClock.now
        do {
            let count = try await self.lock.queue().tickets.count
            let time = DurationText.format(ContinuousClock.now - start)
            return .ok("connection", "etcd answered within \(time); \(count) in the queue")
        } catch {
            let failure = ToolFailure(error)
            return .failed("connection", failure.message, status: failure.status)
        }
    }

    /// Writes, reads and deletes a key under a lease, so that nothing is left behind.
    private func probe() async -> Finding {
        do {
            let ticket = try await self.lock.probe()
            return .ok("probe", "written, read and deleted below the prefix, at revision \(ticket)")
        } catch {
            let failure = ToolFailure(error)
            return .failed("probe", failure.message, status: failure.status)
        }
    }

    /// Whether the grant ends with the cluster's prefix.
    private func width(_ beyond: Bool?) async -> Finding {
        switch beyond {
        case true?: .ok("grant", "what lies beside the cluster's prefix is refused")
        case false?:
            .warning(
                "grant",
                "this client may read beyond the cluster's prefix: the role's prefix is too "
                    + "short, or etcd's authentication is off"
            )
        case nil: .unknown("grant", "etcd did not answer what lies beyond the prefix")
        }
    }

    /// Whether etcd forgets to check transactions that are nested in others.
    private func bypass(_ beyond: Bool?) async -> Finding {
        guard beyond == true else {
            return .unknown("version", "cannot be told while everything is allowed; \(Self.ask)")
        }
        let nested = EtcdTransaction(then: [.transaction(self.outside())])
        switch await self.isDenied({ try await self.client.commit(nested) }) {
        case true?:
            return .ok("version", "nested transactions are checked; \(Self.ask)")
        case false?:
            return .warning(
                "version",
                "this etcd does not check nested transactions (CVE-2026-33343), so grants do "
                    + "not keep applications apart; update to 3.5.33 or 3.6.14"
            )
        case nil:
            return .unknown("version", "etcd did not answer; \(Self.ask)")
        }
    }

    private static let ask =
        "run etcdctl endpoint status, or look at /version: "
        + "from 3.5.33 and 3.6.14 on all known gaps are closed"

    /// Reads a name that no cluster ID can have, so nobody's.
    private func outside() -> EtcdTransaction {
        EtcdTransaction(then: [.get(self.root + "%doctor")])
    }

    /// True if etcd refuses, false if it answers, nil if neither.
    private func isDenied(
        _ call: () async throws -> EtcdTransactionResponse
    ) async -> Bool? {
        do {
            _ = try await call()
            return false
        } catch let error as EtcdError where error.code == .permissionDenied {
            return true
        } catch {
            return nil
        }
    }
}
