// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

/// Writes the chunks of a snapshot to a file, some at a time.
///
/// The file does its work on threads of its own (see ``ReplacedFile``), one per piece; while one is
/// written no chunk is taken, which in the end holds the server back.
struct SnapshotWriter {
    /// How many bytes are written at a time.
    private static let pieceSize = 1 << 20

    let file: ReplacedFile

    func write(
        _ snapshot: EtcdSnapshot,
        progress: (EtcdSnapshotProgress) -> Void
    ) async throws -> EtcdSavedSnapshot {
        var piece: [UInt8] = []
        piece.reserveCapacity(Self.pieceSize)
        var state = EtcdSnapshotProgress(writtenBytes: 0, totalBytes: 0)
        var serverVersion: String?
        for try await chunk in snapshot {
            piece += chunk.bytes
            state.totalBytes = chunk.totalBytes
            serverVersion = serverVersion ?? chunk.serverVersion
            if piece.count >= Self.pieceSize {
                try await self.write(&piece, &state, progress)
            }
        }
        try await self.write(&piece, &state, progress)
        try Task.checkCancellation()
        try await self.file.commit()
        return EtcdSavedSnapshot(
            size: state.writtenBytes,
            endpoint: snapshot.endpoint.description,
            serverVersion: serverVersion
        )
    }

    private func write(
        _ piece: inout [UInt8],
        _ state: inout EtcdSnapshotProgress,
        _ progress: (EtcdSnapshotProgress) -> Void
    ) async throws {
        try await self.file.write(piece)
        state.writtenBytes += UInt64(piece.count)
        piece.removeAll(keepingCapacity: true)
        progress(state)
    }
}
