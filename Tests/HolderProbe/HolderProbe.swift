// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Glibc
import ProcessControl
import RollingLock

/// Holds a lease, a lock and a leadership until they are lost, and says all the while what it believes.
///
/// A process of its own, so that it can be stopped. Argument: the endpoint. A line is the moment of a
/// question, by the clock that counts since boot, and what was held by the answer to it: `4711 lock`.
/// What is lost is told by another one: `lost lock`.
@main
enum HolderProbe {
    private static let ttl: Duration = .seconds(3)

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 2 else { throw ProbeFailure.argumentExpected }
        let configuration = EtcdClient.Configuration(endpoints: [arguments[1]])
        try await withEtcdClient(configuration: configuration) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.holdLease(client) }
                group.addTask { try await self.holdLock(client) }
                group.addTask { try await self.lead(client) }
                try await group.waitForAll()
            }
        }
    }

    private static func holdLease(_ client: EtcdClient) async throws {
        let session = try await client.openLeaseSession(ttl: self.ttl)
        try await client.put("held", "1", lease: session.id)
        try await self.tell("lease") {
            if case .lost = session.state { false } else { true }
        }
        self.say("lost lease")
        do {
            try await client.put("held", "2", lease: session.id)
        } catch let error as EtcdError where error.code == .leaseNotFound {
            self.say("no writing under the lease")
        }
    }

    private static func holdLock(_ client: EtcdClient) async throws {
        let lock = try RollingLock(
            client: client,
            configuration: .init(clusterID: "blue", unit: "probe/0", leaseTTL: self.ttl)
        )
        do {
            try await lock.withLock { hold in
                try? await self.tell("lock") { hold.isHeld }
            }
        } catch let error as RollingLockError where error.code == .lost {
            self.say("lost lock")
        }
        await lock.shutdown()
    }

    private static func lead(_ client: EtcdClient) async throws {
        let election = try client.election("probe")
        do {
            try await election.withLeadership(proclaiming: "0", ttl: self.ttl) { leadership in
                try? await self.tell("leadership") { leadership.isLeading }
            }
        } catch let error as EtcdError where error.code == .notElected {
            self.say("lost leadership")
        }
    }

    /// Tells what is believed as long as it is.
    private static func tell(_ what: String, _ isHeld: () -> Bool) async throws {
        while true {
            let moment = BootClock.nanoseconds
            guard isHeld() else { return }
            self.say("\(moment) \(what)")
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    private static func say(_ line: String) {
        print(line)
        // Output goes to a file, of which somebody reads.
        fflush(nil)
    }
}

enum ProbeFailure: Error {
    case argumentExpected
}
