// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import RollingLock
import Testing

/// etcd did it, but the answer never came.
@Suite(.hangLimit)
struct LostAnswerTests {
    @Test func anEnqueueWhoseAnswerIsLostMakesOneTicket() async throws {
        try await self.withProxiedLock { fixture, proxy, lock in
            // The session is open, so that the next answer is the ticket's.
            try await lock.withLock { _ in }
            proxy.dropNextAnswer()
            let hold = try await lock.acquire()
            #expect(proxy.droppedAnswers == 1)
            #expect(try await fixture.queueKeys() == [hold.key.string])
            #expect(try await hold.release() == .released)
        }
    }

    @Test func aReleaseWhoseAnswerIsLostIsStillARelease() async throws {
        try await self.withProxiedLock { fixture, proxy, lock in
            let hold = try await lock.acquire()
            proxy.dropNextAnswer()
            #expect(try await hold.release() == .released)
            #expect(proxy.droppedAnswers == 1)
            #expect(try await fixture.queueKeys() == [])
        }
    }

    @Test func anEnqueueGivenUpWithoutAnAnswerLeavesNothing() async throws {
        try await self.withProxiedLock { fixture, proxy, lock in
            try await lock.withLock { _ in }
            proxy.dropAnswers()
            let error = await lockError {
                _ = try await lock.acquire(timeout: .milliseconds(500))
            }
            #expect(error?.code == .timeout)
            proxy.heal()
            try await eventually { try await fixture.queueKeys() == [] }
        }
    }

    private func withProxiedLock(
        _ body: (LockFixture, FaultProxy, RollingLock) async throws -> Void
    ) async throws {
        try await withLockFixture(.v3_5) { fixture in
            let proxy = try FaultProxy(to: fixture.etcd.port)
            defer { proxy.close() }
            try await fixture.withLock(unit: "app/0", endpoint: "127.0.0.1:\(proxy.port)") { lock in
                try await body(fixture, proxy, lock)
            }
        }
    }
}
