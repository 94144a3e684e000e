// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Glibc
import ProcessControl
import RollingLock
import Testing

/// A process that is stopped for longer than its leases live, and goes on.
@Suite(.hangLimit)
struct StandstillTests {
    private static let holdings = ["lease", "lock", "leadership"]

    @Test(arguments: EtcdVersion.allCases)
    func whatIsLostMeanwhileIsNotBelievedAfterwards(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let probe = try await ChildProcess.start(BuiltProgram.holderProbe, [etcd.endpoint])
            // Renewed at least once.
            try await Task.sleep(for: .seconds(2))
            for holding in Self.holdings { try await probe.says(" \(holding)\n") }

            probe.signal(SIGSTOP)
            let lock = try RollingLock(
                client: client,
                configuration: .init(clusterID: "blue", unit: "probe/1")
            )
            let hold = try await lock.acquire()
            let leadership = try await client.election("probe").campaign("1")
            try await eventually { try await client.get("held") == nil }
            let resumed = BootClock.nanoseconds
            probe.signal(SIGCONT)

            let output = await probe.waitOrKill()
            #expect(output.isSuccess, "\(output.standardError)")
            let lines = output.standardOutput.split(separator: "\n").map {
                $0.split(separator: " ", maxSplits: 1).map(String.init)
            }
            for holding in Self.holdings {
                let moments = lines.filter { $0.last == holding }.compactMap { Int64($0[0]) }
                #expect(moments.count > 10)
                #expect(moments.filter { $0 >= resumed } == [], "\(holding) after \(resumed)")
                #expect(lines.contains(["lost", holding]))
            }
            #expect(lines.contains(["no", "writing under the lease"]))
            // What the other did when it woke up has not touched the successors.
            #expect(hold.isHeld)
            #expect(leadership.isLeading)
            let written = try await client.get("held")
            #expect(written == nil)
            try await hold.release()
            try await leadership.resign()
            await lock.shutdown()
        }
    }
}
