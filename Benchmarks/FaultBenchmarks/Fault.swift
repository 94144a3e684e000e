// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EtcdTestSupport

/// What happens to a member.
enum Fault: String, CaseIterable, ExpressibleByArgument, Sendable {
    /// It dies; the kernel closes its connections.
    case kill
    /// It stops to run; its connections stay.
    case freeze
    /// Nothing passes between it and the clients; the other members reach it.
    case blackHole = "black-hole"

    func begin(on member: EtcdProcess, _ ways: [FaultProxy]) async {
        switch self {
        case .kill: await member.kill()
        case .freeze: member.pause()
        case .blackHole: for way in ways { way.blackHole() }
        }
    }

    func end(on member: EtcdProcess, _ ways: [FaultProxy]) async throws {
        switch self {
        case .kill: try await member.startAgain()
        case .freeze: member.resume()
        case .blackHole: for way in ways { way.heal() }
        }
    }
}

/// Which member it happens to.
enum Victim: String, CaseIterable, ExpressibleByArgument, Sendable {
    case follower
    case leader
}
