// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct AlarmTests {
    @Test(arguments: EtcdVersion.allCases)
    func aFullDatabaseRaisesAnAlarmThatIsMendedAndDisarmed(_ version: EtcdVersion) async throws {
        let options = EtcdProcess.Options(arguments: ["--quota-backend-bytes", "\(1 << 20)"])
        try await withEtcdAndClient(version, options) { etcd, client in
            let maintenance = client.maintenance
            #expect(try await maintenance.alarms() == [])
            let value = EtcdBytes([UInt8](repeating: 1, count: 100 << 10))
            // The size is counted with what was written ten times a second.
            try await eventually {
                await etcdError { try await client.put("big", value) }?.code == .noSpace
            }

            let status = try await maintenance.status()
            let alarm = EtcdAlarm(member: status.memberID, kind: .noSpace)
            #expect(try await maintenance.alarms() == [alarm])
            #expect(status.errors.contains { $0.contains("NOSPACE") })
            #expect(try await etcd.etcdctl("alarm", "list").contains("NOSPACE"))

            // Deleting and compacting is allowed; defragmenting brings the size down.
            let deleted = try await client.delete("big")
            try await client.compact(at: deleted.header.revision, physical: true)
            try await maintenance.defragment()
            #expect(try await maintenance.status().databaseSize < status.databaseSize / 2)
            // The alarm stands until it is disarmed.
            #expect(await etcdError { try await client.put("a", "1") }?.code == .noSpace)
            #expect(try await maintenance.disarmAllAlarms() == [alarm])
            #expect(try await maintenance.alarms() == [])
            try await client.put("a", "1")
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func anAlarmIsRaisedSeenByAllAndDisarmedByItself(_ version: EtcdVersion) async throws {
        try await withClusterAndClient(version) { cluster, client in
            let maintenance = client.maintenance
            let first = EtcdAlarm(member: try await client.cluster.id(of: "m1"), kind: .noSpace)
            let second = EtcdAlarm(member: try await client.cluster.id(of: "m2"), kind: .noSpace)
            for alarm in [first, second, second] { try await maintenance.raise(alarm) }
            #expect(Set(try await maintenance.alarms()) == [first, second])
            for process in cluster.members {
                try await eventually {
                    try await maintenance.status(at: process.endpoint).errors.count == 2
                }
            }
            try await maintenance.disarm(first)
            try await maintenance.disarm(first)
            #expect(try await maintenance.alarms() == [second])
            #expect(await etcdError { try await client.put("a", "1") }?.code == .noSpace)
            try await maintenance.disarm(second)
            try await eventually { await etcdError { try await client.put("a", "1") } == nil }
        }
    }

    @Test func alarmsOfNobodyOrOfNoKindAreRefused() async throws {
        let client = try EtcdClient(configuration: .init(endpoints: ["127.0.0.1:1"]))
        let nobody = EtcdAlarm(member: EtcdMemberID(0), kind: .noSpace)
        let nothing = EtcdAlarm(member: EtcdMemberID(1), kind: .init(rawValue: 0))
        for alarm in [nobody, nothing] {
            let errors = [
                await etcdError { try await client.maintenance.raise(alarm) },
                await etcdError { try await client.maintenance.disarm(alarm) },
            ]
            #expect(errors.allSatisfy { $0?.code == .invalidArgument })
        }
        await client.shutdown()
    }
}
