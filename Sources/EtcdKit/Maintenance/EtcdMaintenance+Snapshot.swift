// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire

extension EtcdMaintenance {
    /// Takes a snapshot of a member's database.
    ///
    /// It has what the member has at that moment; without a leader it may be old. It travels on
    /// another connection than the calls that go to any member, so that they are not held up by it.
    /// The request timeout bounds the wait for the first chunk, and then for each further one, but
    /// not the whole.
    ///
    /// - Parameter endpoint: The member; nil: the one the client is connected to.
    /// - Returns: The snapshot, of which nothing is asked for before it is iterated over.
    /// - Throws: ``EtcdError`` if the endpoint cannot be right, or none is given and there is no
    ///   connection to be had; `CancellationError` if the task was cancelled.
    public func snapshot(at endpoint: String? = nil) async throws -> EtcdSnapshot {
        let endpoint = try await self.member(endpoint)
        let options = ServerStreamOptions(
            route: .member(endpoint),
            timeout: self.client.requestTimeout,
            silenceLimit: self.client.requestTimeout
        )
        return EtcdSnapshot(
            client: self.client,
            messages: self.client.core.serverStream(
                MaintenanceRPC.snapshot,
                SnapshotRequest(),
                options
            ),
            endpoint: endpoint
        )
    }

    /// Takes a snapshot of a member's database into a file.
    ///
    /// The file is there only when the snapshot is whole, its digest compared and its bytes safely
    /// on the disk; until then they are in a file aside, with the same name and a random ending.
    /// If it fails or the task is cancelled nothing is left behind, and an older file of the name
    /// stays as it was. Only the owner may read it (mode 0600): it has all keys and values, users
    /// and password hashes included.
    ///
    /// ```swift
    /// let saved = try await client.maintenance.saveSnapshot(to: "/backup/etcd.db") { progress in
    ///     print("\(progress.writtenBytes) of \(progress.totalBytes) bytes")
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - path: The file; its folder must exist, and be readable. An older file is replaced; what
    ///     is no regular file, such as a symbolic link, a device or a pipe, is refused.
    ///   - endpoint: The member; nil: the one the client is connected to.
    ///   - progress: Called each time when up to a mebibyte more has been written.
    /// - Returns: What was saved.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/fileFailed`` if the file cannot be written,
    ///   ``EtcdError/Code/malformedResponse`` if the snapshot arrived damaged. `CancellationError`
    ///   if the task was cancelled.
    @discardableResult
    public func saveSnapshot(
        to path: String,
        at endpoint: String? = nil,
        progress: (EtcdSnapshotProgress) -> Void = { _ in }
    ) async throws -> EtcdSavedSnapshot {
        let snapshot = try await self.snapshot(at: endpoint)
        do {
            let writer = SnapshotWriter(file: try await ReplacedFile.create(at: path))
            do {
                return try await writer.write(snapshot, progress: progress)
            } catch {
                await writer.file.discard()
                throw error
            }
        } catch let failure as FileFailure {
            throw EtcdError(failure)
        }
    }
}
