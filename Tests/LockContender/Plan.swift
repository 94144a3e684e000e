// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport

/// What a contender does in one attempt, thrown by dice.
struct Plan: Sendable {
    /// How it asks for the lock.
    enum Way: Sendable {
        case closure
        case acquisition(timeout: Duration?)
        case cancelled(after: Duration)
        case atOnce
    }

    /// One use of what the lock protects.
    struct Step: Sendable {
        /// In etcd, or at the log.
        var usesStore: Bool
        var pause: Duration
    }

    let attempt: LockAttempt
    let rest: Duration
    let way: Way
    let patience: Duration?
    let steps: [Step]

    init(_ attempt: LockAttempt, _ generator: inout SeededGenerator) {
        func time(_ milliseconds: ClosedRange<Int>) -> Duration {
            .milliseconds(Int.random(in: milliseconds, using: &generator))
        }
        self.attempt = attempt
        self.rest = time(0...200)
        let patience = time(20...2000)
        switch Int.random(in: 0..<20, using: &generator) {
        case 0: self.way = .atOnce
        case 1: self.way = .cancelled(after: patience)
        case 2...5: self.way = .acquisition(timeout: patience)
        case 6...12: self.way = .acquisition(timeout: nil)
        default: self.way = .closure
        }
        self.patience = Int.random(in: 0..<4, using: &generator) == 0 ? patience : nil
        // Mostly short holds; a few that last, and some longer than a lease that is not renewed.
        let (count, pause) =
            switch Int.random(in: 0..<60, using: &generator) {
            case 0: (40, 200)
            case 1...3: (10, 80)
            default: (Int.random(in: 1...4, using: &generator), 15)
            }
        self.steps = (0..<count).map { _ in
            Step(usesStore: Bool.random(using: &generator), pause: time(0...pause))
        }
    }
}
