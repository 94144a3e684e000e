// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Defragmenting and hashes.
@Suite(.hangLimit)
struct StorageTests {
    @Test(arguments: EtcdVersion.allCases)
    func membersWithTheSameDataHaveTheSameHashes(_ version: EtcdVersion) async throws {
        try await withClusterAndClient(version) { cluster, client in
            let maintenance = client.maintenance
            for number in 0..<20 { try await client.put("k\(number)", "\(number)") }
            let last = try await client.put("k0", "again").header.revision

            var hashes: [EtcdHashKV] = []
            for process in cluster.members {
                // A follower may need a moment to have the revision.
                try await eventually {
                    do {
                        hashes.append(
                            try await maintenance.hashKV(at: process.endpoint, revision: last)
                        )
                        return true
                    } catch let error as EtcdError where error.code == .futureRevision {
                        return false
                    }
                }
            }
            #expect(Set(hashes.map(\.hash)).count == 1)
            #expect(Set(hashes.map(\.header.memberID)).count == 3)
            #expect(hashes.allSatisfy { $0.compactRevision == nil && $0.hashRevision == nil })

            let older = try await maintenance.hashKV(revision: EtcdRevision(last.rawValue - 1))
            #expect(older.hash != hashes[0].hash)
            #expect(try await maintenance.hashKV().hash == hashes[0].hash)

            try await eventually {
                var whole: Set<UInt32> = []
                for process in cluster.members {
                    whole.insert(try await maintenance.hash(at: process.endpoint).hash)
                }
                return whole.count == 1
            }

            try await client.compact(at: last, physical: true)
            #expect(try await maintenance.hashKV().compactRevision == last)
            let gone = await etcdError { _ = try await maintenance.hashKV(revision: last) }
            #expect(gone?.code == .compacted)
            let future = await etcdError {
                _ = try await maintenance.hashKV(revision: EtcdRevision(last.rawValue + 100))
            }
            #expect(future?.code == .futureRevision)
            let negative = await etcdError { _ = try await maintenance.hashKV(revision: 0) }
            #expect(negative?.code == .invalidArgument)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func onlyTheMemberThatIsNamedIsDefragmented(_ version: EtcdVersion) async throws {
        try await withClusterAndClient(version) { cluster, client in
            let maintenance = client.maintenance
            let value = EtcdBytes([UInt8](repeating: 1, count: 200 << 10))
            for number in 0..<10 { try await client.put("k\(number)", value) }
            let deleted = try await client.delete(.prefix("k"))
            try await client.compact(at: deleted.header.revision, physical: true)
            func sizes() async throws -> [Int64] {
                var sizes: [Int64] = []
                for process in cluster.members {
                    sizes.append(
                        try await maintenance.status(at: process.endpoint).databaseSize
                    )
                }
                return sizes
            }
            // The others compact a moment later, and pages are free only with the write behind it.
            try await eventually {
                try await client.put("other", "1")
                var inUse: [Int64] = []
                for process in cluster.members {
                    inUse.append(
                        try await maintenance.status(at: process.endpoint).databaseSizeInUse
                    )
                }
                return inUse.allSatisfy { $0 < 1 << 20 }
            }
            let before = try await sizes()
            try await maintenance.defragment(at: cluster[1].endpoint)
            let after = try await sizes()
            #expect(after[1] < before[1] / 2)
            #expect(after[0] >= before[0] && after[2] >= before[2])
        }
    }

    @Test func aDefragmentationWithoutAnAnswerIsAmbiguous() async throws {
        try await withEtcdAndClient(.v3_5) { etcd, client in
            _ = try await client.get("a")
            etcd.pause()
            let error = await etcdError {
                try await client.withRequestTimeout(.milliseconds(500)).maintenance.defragment()
            }
            #expect(error?.code == .ambiguous)
            etcd.resume()
        }
    }
}
