// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport

/// What is done to one contender for a lock.
enum ContenderFault: String, Sendable, CaseIterable {
    /// kill -9, and another process in its place after the duration.
    case killContender
    /// SIGSTOP, and SIGCONT after the duration, which is mostly longer than its lease lives.
    case stopContender
    /// Nothing passes between it and any server.
    case partitionContender
    /// Its lease is revoked, and with it go its tickets.
    case revokeLease
    /// Its ticket is deleted, while its lease lives.
    case deleteTicket

    /// Of three times so many hit whoever is the first in the queue, for the others then wait for
    /// as long as its lease lives.
    fileprivate var aim: Int {
        switch self {
        case .stopContender, .partitionContender, .revokeLease, .deleteTicket: 2
        case .killContender: 1
        }
    }

    fileprivate var milliseconds: ClosedRange<Int> {
        switch self {
        case .killContender: 0...2000
        case .stopContender: 1000...8000
        case .partitionContender: 500...8000
        case .revokeLease, .deleteTicket: 0...100
        }
    }
}

/// A random schedule of what is done to contenders, the same for the same seed.
struct ContenderScript: Sendable {
    struct Step: Sendable {
        var fault: ContenderFault
        var slot: Int
        /// Whoever is the first in the queue is hit, if anybody is, and not who has the number.
        var aimsAtHolder: Bool
        var duration: Duration
        /// How long nothing happens afterwards.
        var rest: Duration
    }

    private var generator: SeededGenerator
    private let faults: [ContenderFault]
    private let contenders: Int
    private var bag: [ContenderFault] = []

    init(seed: UInt64, faults: [ContenderFault], contenders: Int) {
        self.generator = SeededGenerator(seed: seed)
        self.faults = faults
        self.contenders = contenders
    }

    /// The next fault; within as many steps as there are kinds each comes once.
    mutating func next() -> Step {
        if self.bag.isEmpty { self.bag = self.faults.shuffled(using: &self.generator) }
        let fault = self.bag.removeLast()
        return Step(
            fault: fault,
            slot: .random(in: 0..<self.contenders, using: &self.generator),
            aimsAtHolder: Int.random(in: 0..<3, using: &self.generator) < fault.aim,
            duration: .milliseconds(Int.random(in: fault.milliseconds, using: &self.generator)),
            rest: .milliseconds(Int.random(in: 100...1500, using: &self.generator))
        )
    }
}
