// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A random schedule of faults without an end, the same for the same seed.
package struct FaultScript: Sendable {
    package struct Step: Sendable, Hashable, CustomStringConvertible {
        package var fault: Fault
        /// The index of the member.
        package var member: Int
        package var duration: Duration
        /// How long nothing happens afterwards.
        package var rest: Duration
        /// A number for what the fault needs to know besides: how slow, which direction.
        package var measure: Int

        package var description: String {
            "\(self.fault.rawValue) of m\(self.member + 1) for \(self.duration)"
        }
    }

    private var generator: SeededGenerator
    private let faults: [Fault]
    private let members: Int
    /// Those of the faults that are still to come before one comes again.
    private var bag: [Fault] = []

    /// Makes a schedule.
    ///
    /// - Parameters:
    ///   - seed: Print it: it brings the schedule back.
    ///   - faults: What may happen.
    ///   - members: How many members there are.
    package init(seed: UInt64, faults: [Fault], members: Int = 3) {
        self.generator = SeededGenerator(seed: seed)
        self.faults = faults
        self.members = members
    }

    /// The next fault; within as many steps as there are kinds each comes once.
    package mutating func next() -> Step {
        if self.bag.isEmpty { self.bag = self.faults.shuffled(using: &self.generator) }
        let fault = self.bag.removeLast()
        return Step(
            fault: fault,
            member: .random(in: 0..<self.members, using: &self.generator),
            duration: .milliseconds(Int.random(in: fault.milliseconds, using: &self.generator)),
            rest: .milliseconds(Int.random(in: 100...2000, using: &self.generator)),
            measure: .random(in: 0..<1000, using: &self.generator)
        )
    }
}

extension Fault {
    fileprivate var milliseconds: ClosedRange<Int> {
        switch self {
        case .kill: 0...3000
        case .pause, .isolate, .blackHole, .blackHoleToServer, .blackHoleToClient: 300...6000
        case .pauseTwo: 300...3000
        case .refuse, .delay, .throttle: 300...4000
        case .loseAnswers: 20...400
        case .moveLeader, .cut, .dropAnswer, .flipByte: 0...300
        }
    }
}
