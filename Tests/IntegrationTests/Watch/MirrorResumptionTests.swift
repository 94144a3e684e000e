// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// What broken connections and compactions do to mirrors.
@Suite(.hangLimit)
struct MirrorResumptionTests {
    @Test(arguments: EtcdVersion.allCases)
    func deletionsHiddenByACompactionAreFound(_ version: EtcdVersion) async throws {
        try await withWatchScene(version) { scene in
            let writer = scene.writer
            for name in ["gone", "kept", "changed", "renewed"] {
                try await writer.put("m/\(name)", "1")
            }
            var mirror = scene.reader.mirror(.prefix("m/")).makeAsyncIterator()
            var picture = Picture()
            picture.apply(try #require(try await mirror.next()))
            // So that the watch is there.
            try await writer.put("m/kept", "2")
            picture.apply(try #require(try await mirror.next()))
            scene.disconnect()
            try await writer.delete("m/gone")
            try await writer.put("m/changed", "2")
            try await writer.put("m/changed", "3")
            try await writer.delete("m/renewed")
            try await writer.put("m/renewed", "2")
            try await writer.put("m/short", "1")
            let last = try await writer.delete("m/short").header.revision
            try await writer.compact(at: last)
            try scene.reconnect()
            let batch = try #require(try await mirror.next())
            #expect(batch.kind == .relisting)
            #expect(batch.bookmark == last)
            #expect(Set(batch.events.map(\.key)) == ["m/gone", "m/changed", "m/renewed"])
            for event in batch.events {
                #expect(event.isSynthetic == (event.key == "m/gone"))
                #expect((event.kind == .delete) == (event.key == "m/gone"))
            }
            picture.apply(batch)
            #expect(picture.keyValues == (try await writer.state(.prefix("m/"))))
            // It goes on.
            let next = try await writer.put("m/kept", "3").header.revision
            #expect(try await mirror.next()?.bookmark == next)
        }
    }

    /// Both servers serve a watch that begins at the revision of the compaction, without the
    /// deletion at that revision.
    @Test(arguments: EtcdVersion.allCases)
    func theDeletionAtTheVeryRevisionOfTheCompactionIsNotLost(
        _ version: EtcdVersion
    ) async throws {
        try await withWatchScene(version) { scene in
            try await scene.writer.put("a", "1")
            var mirror = scene.reader.mirror(.key("a")).makeAsyncIterator()
            #expect(try await mirror.next()?.kind == .snapshot)
            let watch = try await scene.reader.watch(.key("a"))
            try await scene.writer.put("a", "2")
            #expect(try await mirror.next()?.kind == .changes)
            #expect(try await watch.events(1).count == 1)
            scene.disconnect()
            let deletion = try await scene.writer.delete("a").header.revision
            try await scene.writer.put("b", "1")
            try await scene.writer.compact(at: deletion)
            try scene.reconnect()
            let batch = try #require(try await mirror.next())
            #expect(batch.kind == .relisting)
            #expect(batch.events.map(\.kind) == [.delete])
            // A plain watch cannot know, so it must not go on as if nothing was missing.
            let error = await #expect(throws: EtcdError.self) { try await watch.nextBatch() }
            #expect(error?.code == .compacted)
        }
    }

    /// Cuts and compactions at random; the picture is compared with what the store held at each
    /// bookmark.
    @Test(arguments: EtcdVersion.allCases)
    func cutsAndCompactionsAtRandomKeepThePictureTrue(_ version: EtcdVersion) async throws {
        let generator = SeededGenerator()
        let seed = generator.seed
        try await withWatchScene(version) { scene in
            try await scene.writer.put("m/end", "not yet")
            let mirror = scene.reader.mirror(.prefix("m/"), options: .init(pageSize: 7))
            let seen = Task {
                var batches: [EtcdChangeBatch] = []
                for try await batch in mirror {
                    batches.append(batch)
                    let ends = batch.events.contains { $0.keyValue.value == "now" }
                    if ends && batch.bookmark != nil { break }
                }
                return batches
            }
            try await scene.etcd.waitForWatches(1)
            var history = RandomHistory(generator: generator)
            for step in 0..<600 {
                try await history.write(with: scene.writer)
                switch history.chance(60) {
                case 0:
                    scene.proxy.cut()
                case 1:
                    try await history.compact(with: scene.writer)
                case 2:
                    scene.disconnect()
                    for _ in 0..<10 { try await history.write(with: scene.writer) }
                    try await history.compact(with: scene.writer)
                    try scene.reconnect()
                default:
                    break
                }
                if step % 10 == 0 { try await Task.sleep(for: .milliseconds(20)) }
            }
            let last = try await scene.writer.put("m/end", "now").header.revision

            var picture = Picture()
            var lastRevisions: [EtcdBytes: EtcdRevision] = [:]
            var bookmark: EtcdRevision = 0
            for batch in try await seen.value {
                for event in batch.events {
                    let known = lastRevisions[event.key, default: 0]
                    #expect(event.revision > known, "seed \(seed)")
                    lastRevisions[event.key] = event.revision
                }
                picture.apply(batch)
                guard let new = batch.bookmark else { continue }
                #expect(new > bookmark, "seed \(seed)")
                bookmark = new
                guard let state = history.states[new] else { continue }
                let values = picture.keyValues.mapValues(\.value).filter { $0.key != "m/end" }
                #expect(values == state, "revision \(new), seed \(seed)")
            }
            #expect(bookmark == last)
            #expect(picture.keyValues == (try await scene.writer.state(.prefix("m/"))))
            #expect(scene.proxy.acceptedConnections > 2)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aRestartedServerIsFoundAgain(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            try await client.put("a", "1")
            var mirror = client.mirror(.key("a")).makeAsyncIterator()
            #expect(try await mirror.next()?.kind == .snapshot)
            let revision = try await client.put("a", "2").header.revision
            #expect(try await mirror.next()?.bookmark == revision)
            await etcd.kill()
            try await etcd.startAgain()
            try await etcd.etcdctl("put", "a", "3")
            let batch = try #require(try await mirror.next())
            #expect(batch.kind == .changes)
            #expect(batch.events.map(\.keyValue.value) == ["3"])
        }
    }
}

/// Writes at random, and remembers what the store held after each write.
private struct RandomHistory {
    private var generator: SeededGenerator
    private var state: [EtcdBytes: EtcdBytes] = [:]
    private(set) var states: [EtcdRevision: [EtcdBytes: EtcdBytes]] = [:]
    private var count = 0
    private var last: EtcdRevision = 0

    init(generator: SeededGenerator) {
        self.generator = generator
    }

    mutating func chance(_ count: Int) -> Int {
        Int.random(in: 0..<count, using: &self.generator)
    }

    /// Puts some keys and deletes others, all at once.
    mutating func write(with client: EtcdClient) async throws {
        self.count += 1
        var operations: [EtcdOperation] = []
        var changed = self.state
        let keys = (0..<30).map { EtcdBytes("m/\($0)") }.shuffled(using: &self.generator)
        for key in keys.prefix(self.chance(4) + 1) {
            if self.state[key] != nil && Bool.random(using: &self.generator) {
                changed[key] = nil
                operations.append(.delete(key))
            } else {
                changed[key] = EtcdBytes("\(self.count)")
                operations.append(.put(key, "\(self.count)"))
            }
        }
        let answer = try await client.commit(EtcdTransaction(then: operations))
        self.state = changed
        self.last = answer.header.revision
        self.states[self.last] = changed
    }

    func compact(with client: EtcdClient) async throws {
        do {
            try await client.compact(at: self.last)
        } catch let error as EtcdError where error.code == .compacted {
            // Nothing was written since the last one.
        }
    }
}
