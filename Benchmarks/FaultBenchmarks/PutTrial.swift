// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import BenchmarkReport
import EtcdTestSupport
import Foundation

/// One fault of one member, while both clients put.
struct PutTrial {
    let cluster: EtcdCluster
    let clients: [FaultClient]
    let fault: Fault
    let victim: Victim
    let seconds: Double

    /// How long the clients put before anything happens.
    private let calm = 3.0

    /// - Returns: what became of each client's puts.
    func run() async throws -> [PutOutcomes] {
        var children: [ChildProcess] = []
        for client in self.clients {
            children.append(
                try await client.start(
                    "fault-put",
                    key: "faults/\(client.name)",
                    seconds: self.calm + self.seconds + 1
                )
            )
        }
        try await Task.sleep(for: .seconds(self.calm / 3))
        let place = try self.placeInUse()
        let member = self.cluster.members[place]
        switch self.victim {
        case .leader:
            try await self.cluster.moveLeader(to: member)
        case .follower:
            let other = self.cluster.members.first { $0 !== member }
            if try await self.cluster.leader() === member {
                try await self.cluster.moveLeader(to: other)
            }
        }
        try await Task.sleep(for: .seconds(self.calm / 3 * 2))

        let ways = self.clients.map { $0.ways[place] }
        let begin = Date.now.timeIntervalSince1970
        await self.fault.begin(on: member, ways)
        try await Task.sleep(for: .seconds(self.seconds))
        let end = Date.now.timeIntervalSince1970
        try await self.fault.end(on: member, ways)
        var outcomes: [PutOutcomes] = []
        for (client, child) in zip(self.clients, children) {
            let output = await child.wait()
            guard output.isSuccess else { throw BenchmarkFailure("\(client.name): \(output)") }
            let outcome = PutOutcomes(output.standardOutput, fault: begin, end: end)
            Progress.show(
                "\(self.fault.rawValue) \(self.victim.rawValue) \(client.name): "
                    + String(format: "gap %.2f s", outcome.worstGap)
            )
            outcomes.append(outcome)
        }
        // The members find together again.
        try await Task.sleep(for: .seconds(3))
        return outcomes
    }

    /// The member that EtcdKit's calls go to; Go's client goes to all of them in turn.
    private func placeInUse() throws -> Int {
        guard let place = self.clients[0].ways.firstIndex(where: { $0.openConnections > 0 }) else {
            throw BenchmarkFailure("EtcdKit has no connection")
        }
        return place
    }
}
