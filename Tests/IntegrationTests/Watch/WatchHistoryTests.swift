// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// What a watch delivers when its connection breaks again and again, before and behind any piece.
@Suite(.hangLimit)
struct WatchHistoryTests {
    @Test(arguments: EtcdVersion.allCases)
    func historyArrivesWholeWhereverTheConnectionIsCut(_ version: EtcdVersion) async throws {
        var generator = SeededGenerator()
        let seed = generator.seed
        let options = EtcdProcess.Options(
            arguments: ["--experimental-watch-progress-notify-interval=100ms"]
        )
        try await withWatchScene(version, options) { scene in
            let (writer, reader) = (scene.writer, scene.reader)
            let first = try await writer.put("h/start", "").header.revision
            let watchOptions = EtcdWatchOptions(
                startRevision: first,
                includePrevious: true,
                progressNotifications: true
            )
            let watch = try await reader.watch(.prefix("h/"), options: watchOptions)
            let delivered = Task { try await watch.batches(untilChangeOf: "h/end") }
            for step in 0..<240 {
                try await writer.writeHistory(using: &generator)
                let fault = Int.random(in: 0..<24, using: &generator)
                if fault < 3 {
                    while scene.proxy.openConnections == 0 {
                        try await Task.sleep(for: .milliseconds(5))
                    }
                }
                switch fault {
                case 0:
                    scene.proxy.cut()
                case 1, 2:
                    // The piece is lost that comes next, or the next one of some size.
                    let sizes = [20, 50, 1000, 20_000]
                    let size = sizes.randomElement(using: &generator) ?? 20
                    scene.proxy.dropNextAnswer(ofAtLeast: size)
                default:
                    break
                }
                if step % 20 == 0 { try await Task.sleep(for: .milliseconds(150)) }
            }
            scene.proxy.heal()
            try await writer.put("h/end", "")
            let batches = try await delivered.value
            #expect(scene.proxy.acceptedConnections > 5, "seed \(seed)")

            let history = try await writer.watch(.prefix("h/"), options: watchOptions)
                .batches(untilChangeOf: "h/end").flatMap(\.events)
            let events = batches.flatMap(\.events)
            let place = zip(events, history).enumerated().first { $1.0 != $1.1 }?.offset
            #expect(place == nil, "differs from that event on, seed \(seed)")
            #expect(events.count == history.count, "seed \(seed)")
            var last: EtcdRevision = 0
            for batch in batches {
                // A revision is never cut in two, and progress is never ahead of events.
                if let event = batch.events.first { #expect(event.revision > last) }
                last = max(last, batch.events.last?.revision ?? 0)
                if batch.kind == .progress { last = max(last, batch.revision) }
            }
        }
    }
}

extension EtcdClient {
    /// Writes one thing or several at once, small or large, at random.
    fileprivate func writeHistory(using generator: inout SeededGenerator) async throws {
        let key = "h/\(Int.random(in: 0..<8, using: &generator))"
        let value = "\(UInt8.random(in: 0...9, using: &generator))"
        switch Int.random(in: 0..<20, using: &generator) {
        case 0...3:
            try await self.delete(key)
        case 4...5:
            let count = Int.random(in: 1...100, using: &generator)
            _ = try await self.commit(
                EtcdTransaction(then: (0..<count).map { .put("h/many/\($0)", value) })
            )
        case 6:
            _ = try await self.commit(
                EtcdTransaction(then: [.delete(key), .put(key + "/new", value)])
            )
        case 7...8:
            // Many of these in one answer come in fragments.
            try await self.put(key, String(repeating: value, count: 60_000))
        default:
            try await self.put(key, value)
        }
    }
}

extension EtcdWatch {
    fileprivate func batches(untilChangeOf key: EtcdBytes) async throws -> [EtcdWatchBatch] {
        var batches: [EtcdWatchBatch] = []
        for try await batch in self {
            batches.append(batch)
            if batch.events.contains(where: { $0.key == key }) { break }
        }
        return batches
    }
}
