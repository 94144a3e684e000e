// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import ProcessControl

/// Writes down which tickets come and go, in the order in which etcd has them.
struct QueueRecorder: Sendable {
    let client: EtcdClient
    /// Where the tickets are.
    let prefix: String
    let chronicle: SharedChronicle

    /// Begins recording; returns when etcd has acknowledged the watch.
    func begin() async throws -> Task<Void, any Error> {
        let watch = try await self.client.watch(.prefix(self.prefix))
        // Unstructured: it ends with the client.
        return Task {
            for try await batch in watch {
                for event in batch.events { self.record(event) }
            }
        }
    }

    private func record(_ event: EtcdEvent) {
        let pair = event.keyValue
        guard let unit = self.unit(of: pair.key) else { return }
        self.chronicle.update { chronicle in
            switch event.kind {
            case .put where pair.version == 1:
                chronicle.tickets.append(
                    .init(
                        unit: unit,
                        revision: pair.createRevision.rawValue,
                        seen: BootClock.nanoseconds
                    )
                )
            case .put: break
            case .delete:
                let index = chronicle.tickets.lastIndex { $0.unit == unit && $0.gone == nil }
                if let index { chronicle.tickets[index].gone = BootClock.nanoseconds }
            }
        }
    }

    /// The unit in `<prefix><unit>/<lease>-<nonce>`.
    private func unit(of key: EtcdBytes) -> String? {
        guard let text = key.string, text.hasPrefix(self.prefix) else { return nil }
        let element = text.dropFirst(self.prefix.count).prefix { $0 != "/" }
        return Self.decoded(Array(element.utf8))
    }

    private static func decoded(_ bytes: [UInt8]) -> String {
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let digits = bytes[index...].dropFirst().prefix(2)
            if bytes[index] == UInt8(ascii: "%"), digits.count == 2,
                let byte = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                result.append(byte)
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
