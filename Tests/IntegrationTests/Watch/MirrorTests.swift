// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Mirrors while nothing goes wrong, and where they begin.
@Suite(.hangLimit)
struct MirrorTests {
    @Test(arguments: EtcdVersion.allCases)
    func aSnapshotIsFollowedByTheChanges(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            try await client.put("m/a", "1")
            let last = try await client.put("m/b", "2").header.revision
            var mirror = client.mirror(.prefix("m/")).makeAsyncIterator()
            let snapshot = try #require(try await mirror.next())
            #expect(snapshot.kind == .snapshot)
            #expect(snapshot.events.map(\.key) == ["m/a", "m/b"])
            #expect(snapshot.events.map(\.keyValue.value) == ["1", "2"])
            #expect(snapshot.bookmark == last)

            try await client.put("elsewhere", "x")
            let transaction = EtcdTransaction(then: [.put("m/c", "3"), .delete("m/a")])
            let revision = try await client.commit(transaction).header.revision
            let changes = try #require(try await mirror.next())
            #expect(changes.kind == .changes)
            #expect(Set(changes.events.map(\.key)) == ["m/a", "m/c"])
            #expect(changes.events.allSatisfy { !$0.isSynthetic && $0.previous == nil })
            #expect(changes.bookmark == revision)
        }
    }

    /// Ranges of exactly one page, one key more, several pages, and none at all.
    @Test(arguments: EtcdVersion.allCases)
    func pagesMeetWithoutGapOrOverlap(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            for count in [0, 1, 9, 10, 11, 20, 35] {
                let prefix = "m\(count)/"
                for number in 0..<count { try await client.put(prefix + "\(number)", "v") }
                var picture = Picture()
                var batches = 0
                let mirror = client.mirror(.prefix(prefix), options: .init(pageSize: 10))
                for try await batch in mirror {
                    #expect(batch.kind == .snapshot)
                    #expect(batch.events.allSatisfy { picture.keyValues[$0.key] == nil })
                    picture.apply(batch)
                    batches += 1
                    if batch.bookmark != nil { break }
                }
                #expect(batches == max((count + 9) / 10, 1))
                #expect(picture.keyValues == (try await client.state(.prefix(prefix))))
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func whatIsWrittenBetweenPagesComesAfterTheSnapshot(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            for number in 0..<3000 where number % 100 == 0 {
                let puts = (number..<number + 100).map { EtcdOperation.put("m/\($0)", "old") }
                _ = try await client.commit(EtcdTransaction(then: puts))
            }
            var mirror = client.mirror(.prefix("m/")).makeAsyncIterator()
            var picture = Picture()
            picture.apply(try #require(try await mirror.next()))
            // All keys change while the first of three pages is read and the others are not.
            try await client.delete("m/2999")
            try await client.delete("m/0")
            let last = try await client.put("m/1500", "new").header.revision
            var listed = picture.keyValues.count
            while picture.bookmark == nil {
                let batch = try #require(try await mirror.next())
                #expect(batch.kind == .snapshot)
                listed += batch.events.count
                picture.apply(batch)
            }
            #expect(listed == 3000)
            #expect(picture.keyValues["m/1500"]?.value == "old")
            while picture.bookmark != last { picture.apply(try #require(try await mirror.next())) }
            #expect(picture.keyValues == (try await client.state(.prefix("m/"))))
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func whatWasThereBeforeIsReportedOnRequest(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            try await client.put("a", "1")
            let options = EtcdMirrorOptions(includePrevious: true)
            var mirror = client.mirror(.key("a"), options: options).makeAsyncIterator()
            #expect(try await mirror.next()?.events.map(\.previous) == [nil])
            try await client.put("a", "2")
            #expect(try await mirror.next()?.events.map(\.previous?.value) == ["1"])
            try await client.delete("a")
            #expect(try await mirror.next()?.events.map(\.previous?.value) == ["2"])
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aBookmarkIsContinuedFrom(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            for number in 0..<25 { try await client.put("m/\(number)", "1") }
            let bookmark = try await client.put("m/a", "1").header.revision
            try await client.put("m/a", "2")
            let last = try await client.delete("m/7").header.revision
            let options = EtcdMirrorOptions(bookmark: bookmark, pageSize: 10)
            var mirror = client.mirror(.prefix("m/"), options: options).makeAsyncIterator()
            var events: [EtcdEvent] = []
            while events.count < 2 {
                let batch = try #require(try await mirror.next())
                #expect(batch.kind == .changes)
                events += batch.events
            }
            #expect(events.map(\.key) == ["m/a", "m/7"])
            #expect(events.last?.revision == last)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aBookmarkThatIsCompactedBeginsWithASnapshot(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            let bookmark = try await client.put("m/a", "1").header.revision
            try await client.put("m/b", "2")
            let last = try await client.delete("m/a").header.revision
            try await client.compact(at: last)
            let options = EtcdMirrorOptions(bookmark: bookmark)
            var mirror = client.mirror(.prefix("m/"), options: options).makeAsyncIterator()
            let batch = try #require(try await mirror.next())
            #expect(batch.kind == .snapshot)
            #expect(batch.events.map(\.key) == ["m/b"])
            #expect(batch.bookmark == last)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aBookmarkTheStoreHasNotReachedIsAnError(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            let now = try await client.put("a", "1").header.revision
            let options = EtcdMirrorOptions(bookmark: EtcdRevision(now.rawValue + 100))
            var mirror = client.mirror(.all, options: options).makeAsyncIterator()
            let error = await #expect(throws: EtcdError.self) { try await mirror.next() }
            #expect(error?.code == .futureRevision)
            #expect(try await mirror.next() == nil)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aNamespaceIsMirroredUnderItsOwnNames(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            let view = client.namespaced("app/")
            for number in 0..<25 { try await view.put("\(number)", "1") }
            try await client.put("other/1", "1")
            var mirror = view.mirror(.all, options: .init(pageSize: 10)).makeAsyncIterator()
            var picture = Picture()
            while picture.bookmark == nil { picture.apply(try #require(try await mirror.next())) }
            #expect(picture.keyValues == (try await view.state(.all)))
            let shared = try await view.sharedMirror(.all).subscribe(
                to: .key("7"),
                options: .init(start: .snapshot)
            )
            #expect(try await shared.events(1).map(\.key) == ["7"])
            try await client.put("other/1", "2")
            let last = try await client.delete("app/7").header.revision
            #expect(try await mirror.next()?.events.map(\.key) == ["7"])
            let batch = try #require(try await shared.nextBatch())
            #expect(batch.events.map(\.kind) == [.delete])
            #expect(batch.bookmark == last)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func theServersWatchEndsWithTheMirror(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            for try await _ in client.mirror(.all) {
                break
            }
            let consumer = Task {
                var batches = 0
                for try await _ in client.mirror(.all) { batches += 1 }
                return batches
            }
            try await etcd.waitForWatches(1)
            consumer.cancel()
            #expect(try await consumer.value == 1)
            try await etcd.waitForWatches(0)
        }
    }

    @Test
    func whatMakesNoSenseIsRefusedByTheFirstStep() async throws {
        let port = try LoopbackPort.free()
        let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(port)"])
        try await withEtcdClient(configuration: configuration) { client in
            let mirrors = [
                client.mirror(.key("")),
                client.mirror(.range("b", "a")),
                client.mirror(.all, options: .init(bookmark: 0)),
                client.mirror(.all, options: .init(pageSize: 0)),
            ]
            for mirror in mirrors {
                var iterator = mirror.makeAsyncIterator()
                let error = await #expect(throws: EtcdError.self) { try await iterator.next() }
                #expect(error?.code == .invalidArgument)
            }
        }
    }

    @Test
    func aFirstListingThatCannotBeReadIsAnError() async throws {
        let port = try LoopbackPort.free()
        let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(port)"])
        try await withEtcdClient(configuration: configuration) { client in
            var mirror = client.withRequestTimeout(.milliseconds(500)).mirror(.all)
                .makeAsyncIterator()
            let error = await #expect(throws: EtcdError.self) { try await mirror.next() }
            #expect(error?.code == .connectionRefused)
        }
    }
}
