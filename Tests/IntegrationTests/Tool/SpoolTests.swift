// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import RollingLockTool
import Testing

/// What is kept of the operations that were asked for, without an etcd.
struct SpoolTests {
    private func makeSpool() throws -> (spool: Spool, folder: TemporaryDirectory) {
        let folder = try TemporaryDirectory("spool")
        let spool = Spool(folder.path + "/spool")
        try spool.make()
        return (spool, folder)
    }

    private func sequences(_ requests: [SpoolRequest]) -> [Int64] { requests.map(\.sequence) }

    private func names(_ spool: Spool, _ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(spool.path)/\(folder)")
    }

    @Test
    func requestsKeepTheirOrderAndNumbersNeverComeBack() throws {
        let (spool, folder) = try self.makeSpool()
        defer { withExtendedLifetime(folder) {} }
        for name in ["a", "b", "c"] { _ = try spool.add(.init(operation: name)) }
        #expect(try self.sequences(spool.pending()) == [1, 2, 3])
        #expect(try spool.head()?.operation == "a")
        for number in [1, 2, 3] as [Int64] { try spool.finish(number) }
        #expect(try spool.head() == nil)
        #expect(try spool.add(.init(operation: "d")).request.sequence == 4)
        // Even if the counter is lost, what is there counts.
        try FileManager.default.removeItem(atPath: spool.path + "/sequence")
        #expect(try spool.add(.init(operation: "e")).request.sequence == 5)
    }

    @Test
    func aThousandRequestsOfManyTasksGetNumbersOfTheirOwn() async throws {
        let (spool, folder) = try self.makeSpool()
        defer { withExtendedLifetime(folder) {} }
        let numbers = try await withThrowingTaskGroup(of: [Int64].self) { group in
            for task in 0..<4 {
                group.addTask {
                    try (0..<25).map { try spool.add(.init(operation: "\(task)-\($0)")) }
                        .map(\.request.sequence)
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(numbers.sorted() == Array(1...100))
        #expect(try self.sequences(spool.pending()) == Array(1...100))
    }

    @Test
    func filesAreForTheirOwnerOnlyAndDraftsAreNoRequests() throws {
        let (spool, folder) = try self.makeSpool()
        defer { withExtendedLifetime(folder) {} }
        _ = try spool.add(.init(operation: "a", argument: [1]))
        let paths = try FileManager.default.subpathsOfDirectory(atPath: spool.path)
        for path in paths {
            let attributes = try FileManager.default.attributesOfItem(
                atPath: "\(spool.path)/\(path)"
            )
            let isFolder = attributes[.type] as? FileAttributeType == .typeDirectory
            #expect(attributes[.posixPermissions] as? Int == (isFolder ? 0o700 : 0o600), "\(path)")
        }
        let name = try #require(try self.names(spool, "requests").first)
        try "{".write(
            toFile: "\(spool.path)/requests/\(name).77-1.draft",
            atomically: false,
            encoding: .utf8
        )
        #expect(try spool.pending().count == 1)
    }

    @Test
    func aRequestIsJoinedWithOneOfItsKeyThatHasNotBegun() throws {
        let (spool, folder) = try self.makeSpool()
        defer { withExtendedLifetime(folder) {} }
        func add(_ operation: String, _ key: String?, _ argument: UInt8) throws -> (Int64, Bool) {
            let (request, isJoined) = try spool.add(
                .init(operation: operation, dedupe: key, argument: [argument])
            )
            return (request.sequence, isJoined)
        }
        #expect(try add("a", "k", 1) == (1, false))
        #expect(try add("a", "k", 2) == (1, true))
        #expect(try add("a", "other", 3) == (2, false))
        #expect(try add("b", "k", 4) == (3, false))
        #expect(try add("a", nil, 5) == (4, false))
        // The argument given last counts.
        #expect(try AtomicFile.read(spool.argumentFile(1)) == [2])
        let now = SpoolRequest.BootInstant(bootID: "x", nanoseconds: 0)
        try spool.update(1) { $0.begin(at: now) }
        #expect(try add("a", "k", 6) == (5, false))
        #expect(try AtomicFile.read(spool.argumentFile(1)) == [2])
        let (joined, _) = try spool.add(.init(operation: "a", dedupe: "k"))
        #expect(joined.sequence == 5 && !joined.hasArgument)
        #expect(try AtomicFile.read(spool.argumentFile(5)) == nil)
    }

    @Test
    func whatIsTooLongIsRefused() throws {
        let (spool, folder) = try self.makeSpool()
        defer { withExtendedLifetime(folder) {} }
        let long = String(repeating: "x", count: Spool.maximumName + 1)
        for order in [
            Spool.Order(operation: ""), .init(operation: long), .init(operation: "a\0b"),
            .init(operation: "a", dedupe: long),
            .init(operation: "a", argument: Array(repeating: 0, count: Spool.maximumArgument + 1)),
        ] {
            #expect(throws: (any Error).self) { try spool.add(order) }
        }
        #expect(try spool.pending().isEmpty)
    }

    @Test
    func aFailureIsKeptUntilItIsForgottenOrTriedAgain() throws {
        let (spool, folder) = try self.makeSpool()
        defer { withExtendedLifetime(folder) {} }
        for name in ["a", "b"] { _ = try spool.add(.init(operation: name, argument: [7])) }
        let now = SpoolRequest.BootInstant(bootID: "x", nanoseconds: 0)
        for number in [1, 2] as [Int64] {
            try spool.update(number) { $0.begin(at: now) }
            try spool.fail(number, "no luck", status: 9)
        }
        #expect(try spool.pending().isEmpty)
        let failed = try spool.failed()
        #expect(self.sequences(failed) == [1, 2])
        #expect(failed[0].failure == "no luck" && failed[0].lastStatus == 9)
        #expect(!failed[0].isRunning && failed[0].attempt == 1)
        #expect(try spool.forgetFailure(1))
        #expect(try !spool.forgetFailure(1))
        #expect(try spool.retryFailure(2))
        let again = try #require(try spool.head())
        #expect(again.sequence == 2 && again.isUntouched && again.failure == nil)
        #expect(try AtomicFile.read(spool.argumentFile(2)) == [7])
        #expect(try AtomicFile.read(spool.argumentFile(1)) == nil)
        #expect(try spool.failed().isEmpty)
    }

    @Test
    func ofTheFailuresTheLatestAreKept() throws {
        let (spool, folder) = try self.makeSpool()
        defer { withExtendedLifetime(folder) {} }
        for _ in 0..<103 {
            let number = try spool.add(.init(operation: "a", argument: [7])).request.sequence
            try spool.fail(number, "no luck", status: 9)
        }
        #expect(try self.sequences(spool.failed()) == Array(4...103))
        #expect(try self.names(spool, "arguments").count == 100)
    }

    @Test
    func whatACrashLeavesIsSwept() throws {
        let (spool, folder) = try self.makeSpool()
        defer { withExtendedLifetime(folder) {} }
        _ = try spool.add(.init(operation: "a", argument: [7]))
        try AtomicFile.write([8], to: spool.argumentFile(99))
        try spool.sweep()
        #expect(try self.names(spool, "arguments").count == 1)
        #expect(try AtomicFile.read(spool.argumentFile(1)) == [7])
    }

    @Test
    func whoLeavesAcceptsNothingMore() throws {
        let (spool, folder) = try self.makeSpool()
        defer { withExtendedLifetime(folder) {} }
        #expect(!spool.isLeaving)
        try spool.leave()
        #expect(spool.isLeaving)
        #expect(throws: (any Error).self) { try spool.add(.init(operation: "a")) }
    }

    // MARK: One request

    private func instant(_ seconds: Double, _ boot: String = "one") -> SpoolRequest.BootInstant {
        .init(bootID: boot, nanoseconds: Int64(seconds * 1e9))
    }

    @Test
    func theTimeSpentCountsFromTheFirstAttemptThroughPausesButNotThroughReboots() {
        var request = SpoolRequest(sequence: 1, operation: "a", requestedAt: "")
        request.wait(.seconds(50), from: self.instant(100))
        request.begin(at: self.instant(200))
        #expect(request.spentSeconds == 0 && request.isRunning && request.attempt == 1)
        request.end(status: 75, at: self.instant(210))
        request.wait(.seconds(30), from: self.instant(210))
        request.begin(at: self.instant(240))
        #expect(request.spentSeconds == 40)
        // The machine is booted again in the middle of it.
        request.interrupt(at: self.instant(5, "two"))
        #expect(request.spentSeconds == 40 && request.interruptions == 1 && request.attempt == 2)
        request.begin(at: self.instant(6, "two"))
        request.end(status: 1, at: self.instant(16, "two"))
        #expect(request.spentSeconds == 51 && request.lastStatus == 1)
        request.begin(at: self.instant(17, "two"))
        request.takeBack(at: self.instant(18, "two"))
        #expect(request.attempt == 3 && !request.isRunning)
    }

    @Test
    func aPauseIsMadeAnewAfterAReboot() {
        var request = SpoolRequest(sequence: 1, operation: "a", requestedAt: "")
        #expect(request.remainingPause(at: self.instant(0)) == .zero)
        request.wait(.seconds(30), from: self.instant(100))
        #expect(request.remainingPause(at: self.instant(110)) == .seconds(20))
        #expect(request.remainingPause(at: self.instant(140)) == .zero)
        #expect(request.remainingPause(at: self.instant(1, "two")) == .seconds(30))
        request.restartPause(at: self.instant(1, "two"))
        #expect(request.remainingPause(at: self.instant(11, "two")) == .seconds(20))
        request.restartPause(at: self.instant(11, "two"))
        #expect(request.remainingPause(at: self.instant(11, "two")) == .seconds(20))
    }

    // MARK: The policy

    @Test
    func theStatusDecidesWhatBecomesOfAnOperation() {
        let policy = RetryPolicy()
        func verdict(_ status: Int32?) -> RetryPolicy.Verdict {
            policy.verdict(status: status, attempt: 1000, spent: .seconds(1_000_000))
        }
        #expect(verdict(0) == .done)
        #expect(verdict(75) == .retryLater)
        #expect(verdict(76) == .retryNow)
        #expect(verdict(1) == .retryLater)
        #expect(verdict(143) == .retryLater)
        #expect(verdict(nil) == .retryLater)
    }

    @Test
    func aRetryThatIsOneTooManyIsAFailure() {
        let policy = RetryPolicy(maxRetry: 2, retryDeadline: .seconds(60))
        func fails(_ status: Int32?, _ attempt: Int, _ spent: Duration = .zero) -> Bool {
            if case .failed = policy.verdict(status: status, attempt: attempt, spent: spent) {
                return true
            }
            return false
        }
        #expect(!fails(75, 1) && !fails(76, 2) && fails(75, 3) && fails(76, 3) && fails(nil, 3))
        #expect(!fails(0, 3, .seconds(99)))
        #expect(!fails(75, 1, .seconds(59)) && fails(75, 1, .seconds(60)))
        // What the request says counts more.
        var request = SpoolRequest(sequence: 1, operation: "a", requestedAt: "")
        request.maxRetry = 0
        request.retryDeadlineSeconds = 5
        let applied = policy.applied(to: request)
        #expect(applied.maxRetry == 0 && applied.retryDeadline == .seconds(5))
    }

    @Test
    func pausesDoubleUpToTheLongestAndAreARandomPartOfThat() {
        let policy = RetryPolicy(firstPause: .seconds(4), longestPause: .seconds(30))
        let longest = (1...6).map { policy.pause(after: $0, part: 1) }
        #expect(longest == [4, 8, 16, 30, 30, 30].map { .seconds($0) })
        #expect(policy.pause(after: 3, part: 0) == .seconds(8))
        #expect(policy.pause(after: .max, part: 1) == .seconds(30))
        for _ in 0..<100 {
            let pause = policy.pause(after: 2)
            #expect(pause >= .seconds(4) && pause <= .seconds(8))
        }
    }
}
