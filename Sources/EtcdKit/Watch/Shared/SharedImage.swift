// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What a shared mirror holds: all keys of its range with their values, as of one revision.
struct SharedImage: Sendable {
    private var keyValues: [EtcdBytes: EtcdKeyValue] = [:]
    private(set) var revision: EtcdRevision = 0

    /// Takes it to the bookmark of a batch.
    mutating func apply(_ batch: EtcdChangeBatch) {
        for event in batch.events {
            self.keyValues[event.key] = event.kind == .put ? event.keyValue : nil
        }
        if let bookmark = batch.bookmark { self.revision = bookmark }
    }

    /// The part of it in a range, in the order of the keys.
    func snapshot(of range: EtcdKeyRange) -> EtcdChangeBatch {
        let keyValues = self.keyValues.values.filter { range.contains($0.key) }
        return EtcdChangeBatch(
            kind: .snapshot,
            events: keyValues.sorted { $0.key < $1.key }
                .map { EtcdEvent(kind: .put, keyValue: $0) },
            bookmark: self.revision
        )
    }
}
