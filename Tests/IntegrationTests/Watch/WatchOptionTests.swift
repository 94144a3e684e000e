// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct WatchOptionTests {
    @Test(arguments: EtcdVersion.allCases)
    func aPrefixIsWatchedFromNowOn(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            let before = try await client.put("p/a", "0")
            let watch = try await client.watch(.prefix("p/"))
            #expect(watch.createdRevision == before.header.revision)
            try await client.put("q", "other")
            let put = try await client.put("p/a", "1")
            try await client.delete("p/a")
            let events = try await watch.events(2)
            #expect(events.map(\.kind) == [.put, .delete])
            #expect(events.map(\.key) == ["p/a", "p/a"])
            #expect(events[0].keyValue.value == "1")
            #expect(events[0].revision == put.header.revision)
            #expect(events[0].isCreation == false)
            #expect(events[1].revision == put.header.revision.next)
            #expect(events[1].keyValue.value == "")
            #expect(events.allSatisfy { $0.previous == nil })
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func whatWasThereBeforeIsReportedOnRequest(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            let watch = try await client.watch(.key("a"), options: .init(includePrevious: true))
            try await client.put("a", "1")
            try await client.put("a", "2")
            try await client.delete("a")
            let events = try await watch.events(3)
            #expect(events.map(\.previous?.value) == [nil, "1", "2"])
            #expect(events.map(\.isCreation) == [true, false, false])
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func filtersLeaveOutOneKindOfEvent(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            let puts = try await client.watch(.all, options: .init(excludesDeletes: true))
            let deletes = try await client.watch(.all, options: .init(excludesPuts: true))
            for _ in 1...3 {
                try await client.put("a", "1")
                try await client.delete("a")
            }
            #expect(try await puts.events(3).map(\.kind) == [.put, .put, .put])
            #expect(try await deletes.events(3).map(\.kind) == [.delete, .delete, .delete])
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func historyIsReplayedFromTheStartRevision(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            var revisions: [EtcdRevision] = []
            for number in 1...20 {
                revisions.append(try await client.put("a", "\(number)").header.revision)
            }
            let watch = try await client.watch(
                .key("a"),
                options: .init(startRevision: revisions[5])
            )
            #expect(try await watch.events(15).map(\.revision) == Array(revisions[5...]))
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aBatchTellsWhichMemberSentIt(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            let watch = try await client.watch(.key("a"))
            let answer = try await client.put("a", "1").header
            let batch = try #require(try await watch.nextBatch())
            #expect(batch.header.clusterID == answer.clusterID)
            #expect(batch.header.memberID == answer.memberID)
            #expect(batch.header.raftTerm == answer.raftTerm)
            #expect(batch.revision == answer.revision)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aFutureRevisionIsWaitedFor(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            let now = try await client.put("a", "0").header.revision
            let start = EtcdRevision(now.rawValue + 3)
            let watch = try await client.watch(.key("a"), options: .init(startRevision: start))
            for number in 1...4 { try await client.put("a", "\(number)") }
            #expect(try await watch.events(2).map(\.keyValue.value) == ["3", "4"])
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func silenceIsFilledWithProgress(_ version: EtcdVersion) async throws {
        let options = EtcdProcess.Options(
            arguments: ["--experimental-watch-progress-notify-interval=200ms"])
        try await withEtcdClient(of: version, options) { client in
            let watch = try await client.watch(
                .key("a"),
                options: .init(progressNotifications: true)
            )
            let other = try await client.put("b", "1").header.revision
            for try await batch in watch {
                #expect(batch.kind == .progress)
                #expect(batch.events.isEmpty)
                if batch.revision == other { break }
            }
        }
    }

    @Test
    func rangesAndOptionsThatMakeNoSenseAreRefused() async throws {
        try await withEtcdClient(of: .v3_5) { client in
            await #expect(throws: EtcdError.self) { try await client.watch(.key("")) }
            await #expect(throws: EtcdError.self) { try await client.watch(.range("b", "a")) }
            await #expect(throws: EtcdError.self) {
                try await client.watch(.all, options: .init(startRevision: 0))
            }
            await #expect(throws: EtcdError.self) {
                try await client.watch(.all, options: .init(bufferLimit: 0))
            }
        }
    }
}
