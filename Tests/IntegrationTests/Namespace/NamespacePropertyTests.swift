// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// What is done through a view equals the same done with prefixes put before the keys by hand.
@Suite(.hangLimit)
struct NamespacePropertyTests {
    private static let lease = EtcdLeaseID(77)

    /// The prefixes of nested views, outermost first.
    private static let namespaces: [[[UInt8]]] = [
        [Array("app/".utf8)],
        [[0x61, 0xff]],
        [[0xff, 0xff]],
        [[0x00]],
        [[0x61], [0x62, 0xff], [0x00]],
    ]

    @Test(arguments: EtcdVersion.allCases, Self.namespaces)
    func aViewDoesTheSameAsPrefixesByHand(
        _ version: EtcdVersion,
        _ prefixes: [[UInt8]]
    ) async throws {
        let prefix = prefixes.flatMap { $0 }
        var random = SeededGenerator()
        // Two servers that are told the same: even their revisions must agree.
        try await withEtcdAndClient(version) { _, viewed in
            try await withEtcdAndClient(version) { _, plain in
                let view = prefixes.reduce(viewed) { $0.namespaced($1) }
                let inside = KeyNaming(prefix: [])
                let byHand = KeyNaming(prefix: prefix)
                let outside = Self.neighbours(of: prefix)
                for client in [viewed, plain] {
                    _ = try await client.grantLease(ttl: .seconds(600), id: Self.lease)
                    for key in outside { try await client.put(key, "out", lease: Self.lease) }
                }
                let start = try await plain.range(.all).header.revision.next
                let options = EtcdWatchOptions(startRevision: start, includePrevious: true)
                let watch = try await view.watch(.all, options: options)
                let handWatch = try await plain.watch(byHand.range(.all), options: options)

                for step in 0..<150 {
                    let operation = RandomOperation.next(&random, lease: Self.lease)
                    let one = try await operation.outcome(on: view, inside)
                    let other = try await operation.outcome(on: plain, byHand)
                    guard one == other else {
                        Issue.record("seed \(random.seed), step \(step): \(one) \(other)")
                        return
                    }
                }
                // The last event of both watches.
                try await view.put("end", "")
                try await plain.put(byHand.key(Array("end".utf8)), "")

                let keys = try await viewed.range(.all).keyValues
                #expect(keys == (try await plain.range(.all).keyValues), "seed \(random.seed)")
                #expect(keys.filter { outside.contains($0.key.bytes) }.count == outside.count)
                let events = try await Self.events(of: watch, named: inside)
                let handEvents = try await Self.events(of: handWatch, named: byHand)
                #expect(events == handEvents, "seed \(random.seed)")
                #expect(!events.isEmpty)
                try await Self.checkLease(view, plain, byHand, seed: random.seed)
            }
        }
    }

    /// Keys as near to the prefix as can be without being in its namespace.
    private static func neighbours(of prefix: [UInt8]) -> [[UInt8]] {
        var keys: [[UInt8]] = [prefix, [0x00, 0x00], Array("zz".utf8), [0xff, 0xfe]]
        if prefix.count > 1 { keys.append(prefix.dropLast()) }
        var end = prefix
        while end.last == 0xff { end.removeLast() }
        if let last = end.popLast() { keys.append(end + [last + 1]) }
        if let last = prefix.last, last > 0 {
            keys.append(prefix.dropLast() + [last - 1, 0xff, 0xff])
        }
        var found: Set<[UInt8]> = []
        return keys.filter { key in
            let isInside = key.count > prefix.count && key.starts(with: prefix)
            return !isInside && found.insert(key).inserted
        }
    }

    /// Everything that happened up to the key `end`.
    private static func events(
        of watch: EtcdWatch,
        named naming: KeyNaming
    ) async throws -> [EtcdEvent] {
        var events: [EtcdEvent] = []
        for try await batch in watch {
            events += batch.events.map { event in
                EtcdEvent(
                    kind: event.kind,
                    keyValue: naming.named(event.keyValue),
                    previous: event.previous.map { naming.named($0) }
                )
            }
            if events.last?.key == "end" { break }
        }
        return events
    }

    private static func checkLease(
        _ view: EtcdClient,
        _ plain: EtcdClient,
        _ byHand: KeyNaming,
        seed: UInt64
    ) async throws {
        let all = try await plain.timeToLive(of: Self.lease, includingKeys: true)?.keys ?? []
        let bound = all.filter { key in
            key.count > byHand.prefix.count && key.bytes.starts(with: byHand.prefix)
        }
        #expect(bound.count < all.count)
        let seen = try await view.timeToLive(of: Self.lease, includingKeys: true)?.keys
        #expect(seen?.sorted() == bound.map { byHand.name($0) }.sorted(), "seed \(seed)")
    }
}
