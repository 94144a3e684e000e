// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

// The API came with etcd 3.5; members really run an older program only from 3.6 on.

extension EtcdMaintenance {
    /// Asks whether the cluster could be downgraded; etcd 3.5 or newer.
    ///
    /// - Parameter version: The version to go back to, such as `3.5.0`, one minor version below the
    ///   cluster's. Whether it is one is for the server to judge.
    /// - Returns: The version of the cluster now.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/invalidArgument`` if that version cannot be had,
    ///   ``EtcdError/Code/downgradeInProgress``, ``EtcdError/Code/unsupported`` from older
    ///   servers. `CancellationError` if the task was cancelled.
    @discardableResult
    public func validateDowngrade(to version: String) async throws -> String {
        try await self.downgrade(MaintenanceRPC.validateDowngrade, .validate, version)
    }

    /// Prepares the cluster for members of an older version; etcd 3.5 or newer.
    ///
    /// Servers of etcd 3.5 do this and never answer, so that it takes them as long as they give a
    /// request, 7 seconds; then the client looks whether it is done.
    ///
    /// - Parameter version: The version to go back to, as for ``validateDowngrade(to:)``.
    /// - Returns: The version of the cluster now.
    /// - Throws: ``EtcdError`` as ``validateDowngrade(to:)``; ``EtcdError/Code/ambiguous`` if the
    ///   answer was lost and it could not be seen whether it was done. `CancellationError` if the
    ///   task was cancelled; it may be enabled then.
    @discardableResult
    public func enableDowngrade(to version: String) async throws -> String {
        // What speaks against it is told before anything is changed.
        let current = try await self.validateDowngrade(to: version)
        do {
            _ = try await self.downgrade(MaintenanceRPC.downgrade, .enable, version)
        } catch let error as EtcdError where error.code == .ambiguous {
            guard await self.isDowngradeInProgress(to: version) == true else { throw error }
        }
        return current
    }

    /// Takes ``enableDowngrade(to:)`` back; etcd 3.5 or newer, and as slow with 3.5.
    ///
    /// It is not repeated when its answer is lost, as the second time might take back what somebody
    /// else has begun since; the client looks instead whether a downgrade is under way.
    ///
    /// - Throws: ``EtcdError``: ``EtcdError/Code/noDowngradeInProgress``,
    ///   ``EtcdError/Code/unsupported`` from older servers, ``EtcdError/Code/ambiguous`` if the
    ///   answer was lost and it could not be seen whether it was done. `CancellationError` if the
    ///   task was cancelled; it may be cancelled or not then.
    public func cancelDowngrade() async throws {
        do {
            _ = try await self.downgrade(MaintenanceRPC.downgrade, .cancel, nil)
        } catch let error as EtcdError where error.code == .ambiguous {
            guard let version = await self.versionBelow(),
                await self.isDowngradeInProgress(to: version) == false
            else { throw error }
        }
    }

    /// Whether a validation is refused because a downgrade is under way; nil if it is refused for
    /// another reason, or not answered.
    private func isDowngradeInProgress(to version: String) async -> Bool? {
        do {
            _ = try await self.validateDowngrade(to: version)
            return false
        } catch {
            return (error as? EtcdError)?.code == .downgradeInProgress ? true : nil
        }
    }

    /// The version that the cluster can go back to, if all its members are of one version.
    private func versionBelow() async -> String? {
        guard let version = (try? await self.status()).flatMap({ ServerVersion($0.version) }),
            version.minor > 0
        else { return nil }
        return "\(version.major).\(version.minor - 1).0"
    }

    private func downgrade(
        _ rpc: RPC<DowngradeRequest, DowngradeResponse>,
        _ action: DowngradeRequest.DowngradeAction,
        _ version: String?
    ) async throws -> String {
        if let version, version.isEmpty {
            throw EtcdError(
                code: .invalidArgument,
                message: "the version to go back to is empty; write it like 3.5.0"
            )
        }
        let response = try await self.client.core.perform(
            rpc,
            DowngradeRequest(action: action, version: version ?? ""),
            timeout: self.client.requestTimeout
        )
        return response.version
    }
}
