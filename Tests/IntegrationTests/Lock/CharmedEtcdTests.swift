// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Foundation
import RollingLock
import Testing

/// Locks of applications that have a certificate and one prefix, as charmed-etcd hands them out.
@Suite(.hangLimit)
struct CharmedEtcdTests {
    private let prefix = LockFixture.clusterPrefix

    @Test(arguments: EtcdVersion.allCases)
    func onePrefixIsEnoughForAllThatALockDoes(version: EtcdVersion) async throws {
        try await withCharmedEtcd(version, [("app-a", self.prefix)]) { charmed in
            let before = await charmed.etcd.callsByService
            try await charmed.withLock("app-a", unit: "a/0") { first in
                try await charmed.withLock("app-a", unit: "a/1") { second in
                    let updates = Journal<Int>()
                    let following = Task {
                        for try await queue in second.queueUpdates() {
                            updates.append(queue.tickets.count)
                        }
                    }
                    defer { following.cancel() }
                    let hold = try #require(try await first.tryAcquire(reason: "upgrade"))
                    #expect(try await second.tryAcquire() == nil)
                    let late = await lockError {
                        _ = try await second.acquire(timeout: .milliseconds(200))
                    }
                    #expect(late?.code == .timeout)
                    let waiter = Task { try await second.acquire() }
                    try await eventually { try await first.queue().tickets.count == 2 }
                    let cancelled = Task { try await first.acquire() }
                    try await eventually { try await first.queue().tickets.count == 3 }
                    cancelled.cancel()
                    #expect(await cancelled.result.failure is CancellationError)
                    #expect(try await hold.release() == .released)
                    #expect(try await waiter.value.release() == .released)
                    try await second.withLock { #expect($0.isHeld) }
                    try await eventually {
                        updates.entries.contains(2) && updates.entries.last == 0
                    }
                }
            }
            let after = await charmed.etcd.callsByService
            // root has not been asked for anything meanwhile.
            for service in after.keys where after[service] != before[service] {
                #expect(Self.allowedServices.contains(service))
            }
            #expect(after.keys.contains("etcdserverpb.Lease"))
        }
    }

    /// All that a charm's client may rely on.
    private static let allowedServices: Set = [
        "etcdserverpb.KV", "etcdserverpb.Watch", "etcdserverpb.Lease",
    ]

    @Test(arguments: EtcdVersion.allCases)
    func applicationsOfOneClusterIDStandInOneQueue(version: EtcdVersion) async throws {
        let applications = [("app-a", self.prefix), ("app-b", self.prefix)]
        try await withCharmedEtcd(version, applications) { charmed in
            try await charmed.withLock("app-a", unit: "a/0") { first in
                try await charmed.withLock("app-b", unit: "b/0") { second in
                    let order = Journal<String>()
                    let hold = try await first.acquire()
                    let tasks = try await [("b/0", second), ("a/0", first), ("b/0", second)]
                        .enumerated().asyncMap { index, entry in
                            let task = Task {
                                try await entry.1.withLock { hold in
                                    order.append("\(index) \(entry.0) \(hold.fencingToken)")
                                }
                            }
                            try await eventually {
                                try await first.queue().tickets.count == index + 2
                            }
                            return task
                        }
                    let queue = try await second.queue()
                    #expect(
                        queue.tickets.map(\.unitDescription) == ["a/0", "b/0", "a/0", "b/0"]
                    )
                    try await hold.release()
                    for task in tasks { try await task.value }
                    #expect(
                        order.entries
                            == queue.waiters.enumerated().map {
                                "\($0) \($1.unitDescription) \($1.createRevision)"
                            }
                    )
                }
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aStrangerIsRefusedWithThePrefixAndItsName(version: EtcdVersion) async throws {
        let applications = [("app-a", self.prefix), ("app-c", "/rollingops/default/green/")]
        try await withCharmedEtcd(version, applications) { charmed in
            try await charmed.withLock("app-c", unit: "c/0") { lock in
                let calls: [@Sendable () async throws -> Void] = [
                    { _ = try await lock.acquire(timeout: .seconds(30)) },
                    { _ = try await lock.tryAcquire() },
                    { _ = try await lock.queue() },
                    { for try await _ in lock.queueUpdates() {} },
                ]
                for call in calls {
                    let error = await lockError(call)
                    #expect(error?.code == .permissionDenied)
                    #expect(error?.message.contains(self.prefix) == true)
                    #expect(error?.message.contains("user app-c") == true)
                }
            }
            let output = try await RollingLockTool.run(
                ["run", "--cluster-id", "blue", "--unit", "c/0"] + charmed.flags("app-c")
                    + ["--", "true"]
            )
            #expect(output.status == 77)
            #expect(output.standardError.contains(self.prefix))
            #expect(output.standardError.contains("user app-c"))
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func changesOfOtherUsersDisturbNobody(version: EtcdVersion) async throws {
        let applications = [("app-a", self.prefix), ("app-b", self.prefix)]
        try await withCharmedEtcd(version, applications) { charmed in
            try await charmed.withLock("app-a", unit: "a/0", leaseTTL: .seconds(5)) { first in
                try await charmed.withLock("app-b", unit: "b/0", leaseTTL: .seconds(5)) { second in
                    let isOver = Journal<Bool>()
                    let storm = Task {
                        var count = 0
                        while isOver.entries.isEmpty {
                            count += 1
                            try await charmed.grant("/other/\(count)/", to: "other-\(count)")
                            try await charmed.revoke("other-\(count)")
                        }
                        return count
                    }
                    defer { storm.cancel() }
                    // Held over several renewals.
                    let hold = try await first.acquire()
                    let waiter = Task { try await second.acquire() }
                    try await Task.sleep(for: .seconds(6))
                    #expect(hold.isHeld)
                    #expect(try await hold.release() == .released)
                    #expect(try await waiter.value.release() == .released)
                    for _ in 0..<50 {
                        try await first.withLock { #expect($0.isHeld) }
                        try await second.withLock { #expect($0.isHeld) }
                    }
                    isOver.append(true)
                    #expect(try await storm.value > 10)
                }
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func holderAndWaiterOutliveTheirUser(version: EtcdVersion) async throws {
        let applications = [("app-a", self.prefix), ("app-b", self.prefix)]
        try await withCharmedEtcd(version, applications) { charmed in
            try await charmed.withLock("app-a", unit: "a/0", leaseTTL: .seconds(10)) { first in
                try await charmed.withLock("app-b", unit: "b/0") { second in
                    let hold = try await first.acquire()
                    let waiter = Task { try await second.acquire() }
                    try await eventually { try await first.queue().tickets.count == 2 }
                    try await charmed.revoke("app-a")
                    try await charmed.revoke("app-b")
                    let refused = await lockError { _ = try await first.queue() }
                    #expect(refused?.code == .permissionDenied)
                    // Longer than a renewal, shorter than the lease.
                    try await Task.sleep(for: .seconds(5))
                    #expect(hold.isHeld)
                    try await charmed.grant(self.prefix, to: "app-a")
                    try await charmed.grant(self.prefix, to: "app-b")
                    try await Task.sleep(for: .seconds(6))
                    #expect(hold.isHeld)
                    #expect(try await hold.release() == .released)
                    let next = try await waiter.value
                    #expect(next.fencingToken > hold.fencingToken)
                    #expect(try await next.release() == .released)
                }
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func anotherCertificateAndTrustStoreAndARestartCostNobodyItsPlace(
        version: EtcdVersion
    ) async throws {
        let applications = [("app-a", self.prefix), ("app-b", self.prefix)]
        try await withCharmedEtcd(version, applications) { charmed in
            try await charmed.withLock("app-a", unit: "a/0") { first in
                try await charmed.withLock("app-b", unit: "b/0") { second in
                    let hold = try await first.acquire()
                    let waiter = Task { try await second.acquire() }
                    try await eventually { try await first.queue().tickets.count == 2 }
                    let places = try await first.queue().tickets.map(\.createRevision)
                    // In the charm's order: the old user goes, the new one comes, then etcd restarts.
                    for (application, user) in [("app-a", "app-a2"), ("app-b", "app-b2")] {
                        try charmed.replaceCertificate(of: application, commonName: user)
                        try await charmed.revoke(application)
                        try await charmed.grant(self.prefix, to: user)
                    }
                    try await charmed.trust(["app-a", "app-b"])
                    try await eventually {
                        (try? await first.queue().tickets.map(\.createRevision)) == places
                    }
                    #expect(hold.isHeld)
                    #expect(try await hold.release() == .released)
                    let next = try await waiter.value
                    #expect(next.fencingToken == places.last)
                    #expect(try await next.release() == .released)
                }
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aRolePerUnitIsEnoughAndKeepsOthersTicketsSafe(version: EtcdVersion) async throws {
        try await withCharmedEtcd(version, [("unit-0", nil), ("unit-1", nil)]) { charmed in
            for unit in ["unit-0", "unit-1"] { try await charmed.grantUnit(unit) }
            try await charmed.withLock("unit-0", unit: "unit-0") { first in
                try await charmed.withLock("unit-1", unit: "unit-1") { second in
                    let hold = try #require(try await first.tryAcquire())
                    let waiter = Task { try await second.acquire() }
                    try await eventually { try await first.queue().tickets.count == 2 }
                    try await withEtcdClient(configuration: charmed.configuration("unit-1")) {
                        thief in
                        #expect(
                            await etcdErrorCode { try await thief.delete(hold.key) }
                                == .permissionDenied
                        )
                        let forged = LockFixture.queue + "/unit-0/1-0000000000000001"
                        #expect(
                            await etcdErrorCode { try await thief.put(forged, "{}") }
                                == .permissionDenied
                        )
                    }
                    #expect(hold.isHeld)
                    #expect(try await hold.release() == .released)
                    #expect(try await waiter.value.release() == .released)
                    try await second.withLock { #expect($0.isHeld) }
                    #expect(try await first.queue().tickets == [])
                }
            }
            // The unit of another name has no place to write to.
            try await charmed.withLock("unit-1", unit: "unit-0") { impostor in
                let error = await lockError { _ = try await impostor.acquire() }
                #expect(error?.code == .permissionDenied)
                #expect(error?.message.contains("user unit-1") == true)
            }
        }
    }
}

extension CharmedEtcd {
    /// Runs a body with a lock of an application.
    fileprivate func withLock<R: Sendable>(
        _ application: String,
        unit: String,
        leaseTTL: Duration = .seconds(20),
        _ body: (RollingLock) async throws -> R
    ) async throws -> R {
        try await withEtcdClient(configuration: self.configuration(application)) { client in
            let lock = try RollingLock(
                client: client,
                configuration: .init(clusterID: "blue", unit: unit, leaseTTL: leaseTTL)
            )
            do {
                let result = try await body(lock)
                await lock.shutdown()
                return result
            } catch {
                await lock.shutdown()
                throw error
            }
        }
    }

    /// Lets a unit read its cluster and write what is its own, as an administrator can by hand.
    fileprivate func grantUnit(_ unit: String) async throws {
        let auth = self.root.auth
        let lock = LockFixture.clusterPrefix + "v1/default/"
        try await auth.addUserWithoutPassword(unit)
        try await auth.addRole(unit)
        try await auth.grantRole(unit, to: unit)
        try await auth.grant(.init(.read, .prefix(LockFixture.clusterPrefix)), to: unit)
        for folder in ["queue", "open"] {
            try await auth.grant(.init(.readWrite, .prefix("\(lock)\(folder)/\(unit)/")), to: unit)
        }
        try await auth.grant(.init(.readWrite, .key("\(lock)released/\(unit)")), to: unit)
    }
}

extension Sequence {
    /// Transforms one element after the other.
    fileprivate func asyncMap<T>(_ transform: (Element) async throws -> T) async throws -> [T] {
        var results: [T] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}

extension Result {
    /// The error, if it is one.
    fileprivate var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
