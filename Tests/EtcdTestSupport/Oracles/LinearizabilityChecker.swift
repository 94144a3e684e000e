// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Looks for an order in which the operations on a register may have taken effect, each between its
/// call and its answer.
///
/// Tries operations in the order of their calls, goes back when an answer cannot be explained, and
/// remembers which sets of operations led to which values in vain (the algorithm of Wing and Gong
/// with Lowe's memory). One register has to be judged at a time.
package enum LinearizabilityChecker {
    package enum Verdict: Sendable, Hashable {
        case linearizable
        /// There is no such order. The operations that can be ordered at most.
        case impossible(longest: [RegisterOperation])
        /// Not decided within the number of steps.
        case undecided
    }

    /// Judges a history that begins with an empty register.
    package static func check(_ operations: [RegisterOperation], steps: Int = 1_000_000) -> Verdict
    {
        // What was not answered takes effect late enough to do no harm if nobody noticed it.
        let operations = operations.sorted { $0.called < $1.called }
        var search = Search(operations)
        return search.run(steps: steps)
    }

    private struct Search {
        private struct State: Hashable {
            var done: [UInt64]
            var register: Register
        }

        private let operations: [RegisterOperation]
        private var state: State
        private var tried: Set<State> = []
        /// Those done, in order, each with what was there before it.
        private var path: [(index: Int, before: Register)] = []
        private var longest: [RegisterOperation] = []

        init(_ operations: [RegisterOperation]) {
            self.operations = operations
            self.state = State(
                done: [UInt64](repeating: 0, count: operations.count / 64 + 1),
                register: Register(value: nil)
            )
        }

        mutating func run(steps: Int) -> Verdict {
            var next = 0
            for _ in 0..<steps {
                if self.path.count == self.operations.count { return .linearizable }
                if let index = self.candidate(from: next) {
                    self.take(index)
                    next = 0
                } else {
                    guard let (index, before) = self.path.popLast() else {
                        return .impossible(longest: self.longest)
                    }
                    self.state.done[index / 64] &= ~(1 << UInt64(index % 64))
                    self.state.register = before
                    next = index + 1
                }
            }
            return .undecided
        }

        /// The next operation that may be the next to take effect: called before the first answer
        /// of all that are left.
        private mutating func candidate(from first: Int) -> Int? {
            var firstAnswer = Int64.max
            for (index, operation) in self.operations.enumerated() where !self.isDone(index) {
                if operation.called > firstAnswer { break }
                firstAnswer = min(firstAnswer, operation.answered ?? .max)
            }
            for index in self.operations.indices.dropFirst(first) where !self.isDone(index) {
                let operation = self.operations[index]
                if operation.called > firstAnswer { return nil }
                guard let after = operation.applied(to: self.state.register.value) else { continue }
                var state = self.state
                state.done[index / 64] |= 1 << UInt64(index % 64)
                state.register = after
                if self.tried.insert(state).inserted { return index }
            }
            return nil
        }

        private mutating func take(_ index: Int) {
            let operation = self.operations[index]
            guard let after = operation.applied(to: self.state.register.value) else { return }
            self.path.append((index, self.state.register))
            self.state.done[index / 64] |= 1 << UInt64(index % 64)
            self.state.register = after
            if self.path.count > self.longest.count {
                self.longest = self.path.map { self.operations[$0.index] }
            }
        }

        private func isDone(_ index: Int) -> Bool {
            self.state.done[index / 64] & (1 << UInt64(index % 64)) != 0
        }
    }
}
