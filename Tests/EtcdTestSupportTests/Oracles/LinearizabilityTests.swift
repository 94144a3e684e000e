// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Testing

struct LinearizabilityTests {
    private typealias Operation = RegisterOperation

    private func isPossible(_ operations: [Operation]) -> Bool? {
        switch LinearizabilityChecker.check(operations) {
        case .linearizable: true
        case .impossible: false
        case .undecided: nil
        }
    }

    @Test
    func operationsOneAfterAnotherHaveToFit() {
        let write = Operation(client: 1, .write("1"), called: 0, answered: 1)
        #expect(self.isPossible([]) == true)
        #expect(
            self.isPossible([write, .init(client: 2, .read("1"), called: 2, answered: 3)]) == true
        )
        #expect(
            self.isPossible([write, .init(client: 2, .read(nil), called: 2, answered: 3)]) == false
        )
        #expect(
            self.isPossible([write, .init(client: 2, .read("2"), called: 2, answered: 3)]) == false
        )
    }

    @Test
    func aReadDuringAWriteMayFindEither() {
        let write = Operation(client: 1, .write("1"), called: 0, answered: 10)
        for found in ["1", nil] {
            let read = Operation(client: 2, .read(found), called: 2, answered: 3)
            #expect(self.isPossible([write, read]) == true)
        }
        // But once it was found it stays.
        let back = [
            write, .init(client: 2, .read("1"), called: 2, answered: 3),
            .init(client: 3, .read(nil), called: 4, answered: 5),
        ]
        #expect(self.isPossible(back) == false)
    }

    @Test
    func aLostUpdateIsSeen() {
        let both = [
            Operation(client: 1, .write("0"), called: 0, answered: 1),
            .init(
                client: 1,
                .exchange(expected: "0", new: "1", isDone: true),
                called: 2,
                answered: 9
            ),
            .init(
                client: 2,
                .exchange(expected: "0", new: "2", isDone: true),
                called: 3,
                answered: 8
            ),
        ]
        #expect(self.isPossible(both) == false)
        #expect(self.isPossible(Array(both[..<2])) == true)
    }

    @Test
    func anExchangeThatWasRefusedMustHaveFoundSomethingElse() {
        let write = Operation(client: 1, .write("0"), called: 0, answered: 1)
        func refused(_ expected: String?) -> Operation {
            .init(
                client: 2,
                .exchange(expected: expected, new: "1", isDone: false),
                called: 2,
                answered: 3
            )
        }
        #expect(self.isPossible([write, refused("5")]) == true)
        #expect(self.isPossible([write, refused("0")]) == false)
    }

    @Test
    func whatIsAmbiguousMayHappenLateOnceOrNever() {
        let unknown = Operation(client: 1, .write("1"), called: 0, answered: nil)
        func read(_ found: String?, _ time: Int64) -> Operation {
            .init(client: 2, .read(found), called: time, answered: time + 1)
        }
        #expect(self.isPossible([unknown, read(nil, 2), read(nil, 4)]) == true)
        #expect(self.isPossible([unknown, read(nil, 2), read("1", 4)]) == true)
        #expect(self.isPossible([unknown, read("1", 2), read(nil, 4)]) == false)
        // Twice is once too often.
        let other = Operation(client: 3, .write("2"), called: 4, answered: 5)
        #expect(self.isPossible([unknown, read("1", 2), other, read("1", 6)]) == false)
        #expect(self.isPossible([unknown, read(nil, 2), other, read("1", 6)]) == true)
        // Nor may it happen before it was asked for.
        let late = Operation(client: 1, .write("3"), called: 9, answered: nil)
        #expect(self.isPossible([late, read("3", 2)]) == false)
    }

    @Test
    func anAmbiguousExchangeHappensOnlyWhereItMay() {
        let write = Operation(client: 1, .write("0"), called: 0, answered: 1)
        let unknown = Operation(
            client: 2,
            .exchange(expected: "5", new: "6", isDone: nil),
            called: 2,
            answered: nil
        )
        let read = Operation(client: 3, .read("6"), called: 4, answered: 5)
        #expect(self.isPossible([write, unknown, read]) == false)
    }

    @Test
    func deletionsTellWhatTheyFound() {
        let write = Operation(client: 1, .write("0"), called: 0, answered: 1)
        func delete(_ found: Bool?, _ time: Int64) -> Operation {
            .init(client: 2, .delete(found: found), called: time, answered: time + 1)
        }
        #expect(self.isPossible([write, delete(true, 2), delete(false, 4)]) == true)
        #expect(self.isPossible([write, delete(true, 2), delete(true, 4)]) == false)
        #expect(self.isPossible([write, delete(false, 2)]) == false)
        #expect(self.isPossible([write, delete(nil, 2), delete(false, 4)]) == true)
    }

    /// Histories made by a register that is right, with answers lost, and the same with one read that
    /// is not.
    @Test(.computing, arguments: 0..<30)
    func randomHistoriesOfATrueRegisterPassAndASpoiledReadDoesNot(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var operations: [Operation] = []
        var free = [Int64](repeating: 0, count: 5)
        var value: String?
        // Operations take effect at the times 10, 20, …, each within its call and answer.
        for number in 1...150 {
            let time = Int64(number) * 10
            let client = Int.random(in: 0..<5, using: &generator)
            let called = max(free[client], time - Int64.random(in: 1...40, using: &generator))
            var answered: Int64? = time + Int64.random(in: 1...40, using: &generator)
            guard called < time else { continue }
            let kind: Operation.Kind
            switch Int.random(in: 0..<5, using: &generator) {
            case 0:
                kind = .write("\(number)")
                value = "\(number)"
            case 1:
                kind = .exchange(expected: value, new: "\(number)", isDone: true)
                value = "\(number)"
            case 2:
                kind = .delete(found: value != nil)
                value = nil
            default: kind = .read(value)
            }
            if case .write = kind, number.isMultiple(of: 3) { answered = nil }
            free[client] = answered ?? time + 1
            operations.append(.init(client: client, kind, called: called, answered: answered))
        }
        #expect(self.isPossible(operations) == true)
        let reads = operations.indices.filter { index in
            if case .read = operations[index].kind { true } else { false }
        }
        if let spoiled = reads.randomElement(using: &generator) {
            operations[spoiled].kind = .read("never written")
            #expect(self.isPossible(operations) == false)
        }
    }

    @Test
    func aSearchThatTakesTooLongIsGivenUp() {
        let operations = (0..<12).map { number in
            Operation(client: number, .write("\(number)"), called: 0, answered: 100)
        }
        let read = Operation(client: 20, .read("x"), called: 101, answered: 102)
        #expect(LinearizabilityChecker.check(operations + [read], steps: 1000) == .undecided)
    }
}
