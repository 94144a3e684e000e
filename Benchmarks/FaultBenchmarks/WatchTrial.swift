// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import BenchmarkReport
import EtcdKit
import EtcdTestSupport
import Foundation

/// The restart of a member that both clients watch at.
struct WatchTrial {
    let cluster: EtcdTestSupport.EtcdCluster
    let clients: [FaultClient]

    /// - Parameter knowsOthers: whether the clients have the endpoints of the other members.
    /// - Returns: a row for each client.
    /// - Throws: when a server or a client does not do its part.
    func run(knowsOthers: Bool) async throws -> [[String]] {
        let seconds = 20.0
        let key = "faults/watch/\(knowsOthers)"
        // Nobody waits for an election.
        let member = try await self.cluster.followers()[0]
        guard let place = self.cluster.members.firstIndex(where: { $0 === member }) else {
            throw BenchmarkFailure("the member is gone")
        }
        var children: [ChildProcess] = []
        for client in self.clients {
            // A client with one endpoint is at the victim; of several, Go's takes the first.
            let others = client.ways.indices.filter { $0 != place }.map { client.ways[$0] }
            let ways = [client.ways[place]] + (knowsOthers ? others : [])
            children.append(
                try await client.start("fault-watch", key: key, seconds: seconds, ways: ways)
            )
        }
        try await Task.sleep(for: .seconds(2))
        let others = self.cluster.members.filter { $0 !== member }.map(\.endpoint)
        async let puts = Self.put(key, through: others, for: seconds - 5)
        try await Task.sleep(for: .seconds(2))
        if knowsOthers {
            // All that are in use, one after the other: EtcdKit begins at any of them.
            for member in self.cluster.members {
                try await member.restart()
                try await Task.sleep(for: .seconds(1))
            }
        } else {
            try await member.restart()
        }
        let servedAgain = Date.now.timeIntervalSince1970
        let times = await puts
        var rows: [[String]] = []
        for (client, child) in zip(self.clients, children) {
            let output = await child.wait()
            let delays = WatchDelays(
                output.standardOutput,
                puts: times,
                servedAgain: knowsOthers ? nil : servedAgain
            )
            rows.append([
                knowsOthers ? "all, restarted in turn" : "only the restarted one", client.name,
                String(format: "%.2f", delays.worst), "\(delays.wrong)",
            ])
        }
        return rows
    }

    /// Puts numbers and tells when each was done.
    private static func put(
        _ key: String,
        through endpoints: [String],
        for seconds: Double
    ) async -> [Int: Double] {
        var times: [Int: Double] = [:]
        let end = ContinuousClock.now + .seconds(seconds)
        guard let client = try? EtcdClient(configuration: .init(endpoints: endpoints)) else {
            return [:]
        }
        var number = 0
        while ContinuousClock.now < end {
            number += 1
            do {
                try await client.put(key, "\(number)")
                times[number] = Date.now.timeIntervalSince1970
            } catch {
                // It may or may not be seen.
            }
            try? await Task.sleep(for: .milliseconds(10))
        }
        await client.shutdown()
        return times
    }
}
