// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport

extension Workload {
    /// Keeps a picture of a prefix from the beginning to the end.
    ///
    /// Each time the mirror says that the picture is complete, it is judged like a read at that
    /// revision, which may not be older than the one before.
    func mirror(_ number: Int, _ prefix: String) async throws {
        let reading = Task {
            try await self.read(self.client(number).mirror(.prefix(prefix)), prefix)
        }
        try await withTaskCancellationHandler {
            var marker: Int64?
            while marker == nil {
                try await Task.sleep(for: .milliseconds(50))
                marker = self.witness.update { $0.markers?[prefix] }
            }
            // Ends by itself at the marker.
            let limit = Task {
                try await Task.sleep(for: Self.patience)
                self.witness.report([.init(.watchStuck, "the mirror of \(prefix)")])
                reading.cancel()
            }
            defer { limit.cancel() }
            try await reading.value
        } onCancel: {
            reading.cancel()
        }
    }

    private func read(_ mirror: EtcdMirror, _ prefix: String) async throws {
        var picture: [String: StoreRecord] = [:]
        var last: Int64 = 0
        do {
            for try await batch in mirror {
                for event in batch.events {
                    let isPut = event.kind == .put
                    picture[event.key.text] = isPut ? StoreRecord(event.keyValue) : nil
                }
                guard let bookmark = batch.bookmark?.rawValue else { continue }
                let read = ObservedRead(
                    "the mirror",
                    prefix: prefix,
                    found: picture,
                    revision: bookmark,
                    floor: last
                )
                last = bookmark
                let marker = self.witness.update { state in
                    state.operations["mirror", default: [:]]["\(batch.kind)", default: 0] += 1
                    state.reads.append(read)
                    return state.markers?[prefix]
                }
                if let marker, bookmark >= marker { return }
            }
        } catch {
            self.witness.report([.init(.watchEnded, "the mirror of \(prefix): \(error)")])
        }
    }
}
