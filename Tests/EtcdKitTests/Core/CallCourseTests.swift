// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import EtcdTransport
import Testing

/// Which failures lead to another attempt, and which to which error.
struct CallCourseTests {
    private let now = ContinuousClock.now

    private func status(_ text: String, _ code: GRPCStatus.Code = .unavailable) -> CallFailure {
        CallFailure(.status(GRPCStatus(code: code, message: text)), isProvenUnprocessed: false)
    }

    private func lost(isProvenUnprocessed: Bool) -> CallFailure {
        CallFailure(
            .connection(.closedByPeer(phase: "serving")),
            isProvenUnprocessed: isProvenUnprocessed
        )
    }

    private enum Outcome: Equatable {
        case again
        case fail(EtcdError.Code)
    }

    private func outcome(
        _ failure: CallFailure,
        isRepeatable: Bool,
        canRenewToken: Bool = true,
        left: Duration = .seconds(60)
    ) throws -> Outcome {
        var course = CallCourse(start: self.now, timeout: left, isRepeatable: isRepeatable)
        _ = course.nextAttemptDeadline(endpoints: 1, isJudged: false, now: self.now)
        let endpoint = try Endpoint(parsing: "a:1", tlsByDefault: false)
        let verdict = CallVerdict(
            failure,
            of: GRPCMethod(service: "s", method: "M"),
            endpoint: endpoint
        )
        switch course.next(after: verdict, now: self.now, canRenewToken: canRenewToken) {
        case .again: return .again
        case .fail(let error): return .fail(error.code)
        }
    }

    @Test
    func aWriteIsRepeatedOnlyIfItIsProvenThatNothingWasExecuted() throws {
        let proven = [
            self.lost(isProvenUnprocessed: true),
            CallFailure(.streamReset(7), isProvenUnprocessed: true),
            self.status("etcdserver: no leader"), self.status("etcdserver: too many requests"),
            self.status("raft proposal dropped", .unknown),
            self.status("etcdserver: invalid auth token", .unauthenticated),
            self.status("auth: revision in header is old", .unknown),
        ]
        for failure in proven {
            #expect(try self.outcome(failure, isRepeatable: false) == .again)
        }
        let open = [
            self.lost(isProvenUnprocessed: false),
            CallFailure(.streamReset(2), isProvenUnprocessed: false),
            CallFailure(.deadlineExceeded, isProvenUnprocessed: false),
            CallFailure(.malformedAnswer("HTTP status 502"), isProvenUnprocessed: false),
            self.status("etcdserver: request timed out"),
            self.status("etcdserver: server stopped"),
            self.status("context deadline exceeded", .deadlineExceeded),
            self.status("anything else", .unavailable), self.status("anything else", .unknown),
        ]
        for failure in open {
            #expect(try self.outcome(failure, isRepeatable: false) == .fail(.ambiguous))
        }
    }

    @Test
    func aReadIsRepeatedWhateverMayHaveHappenedToIt() throws {
        let passing = [
            self.lost(isProvenUnprocessed: false),
            CallFailure(.streamReset(2), isProvenUnprocessed: false),
            CallFailure(.deadlineExceeded, isProvenUnprocessed: false),
            self.status("etcdserver: request timed out"), self.status("etcdserver: leader changed"),
            self.status("anything else", .unavailable),
        ]
        for failure in passing {
            #expect(try self.outcome(failure, isRepeatable: true) == .again)
        }
    }

    @Test
    func whatNoRepetitionMendsIsReportedAtOnce() throws {
        let final: [(CallFailure, EtcdError.Code)] = [
            (self.status("etcdserver: mvcc: database space exceeded"), .noSpace),
            (self.status("etcdserver: permission denied", .permissionDenied), .permissionDenied),
            (self.status("etcdserver: request is too large", .invalidArgument), .requestTooLarge),
            (
                CallFailure(.malformedAnswer("HTTP status 404"), isProvenUnprocessed: false),
                .notEtcd
            ),
            (
                CallFailure(
                    .messageTooLarge(size: 9, limit: 1, outgoing: true),
                    isProvenUnprocessed: true
                ),
                .requestTooLarge
            ),
        ]
        for (failure, code) in final {
            for isRepeatable in [false, true] {
                #expect(try self.outcome(failure, isRepeatable: isRepeatable) == .fail(code))
            }
        }
    }

    @Test
    func withoutCredentialsNoTokenIsAskedFor() throws {
        let noUser = self.status("etcdserver: user name is empty", .invalidArgument)
        #expect(
            try self.outcome(noUser, isRepeatable: true, canRenewToken: false)
                == .fail(.unauthenticated)
        )
        #expect(try self.outcome(noUser, isRepeatable: true, canRenewToken: true) == .again)
    }

    @Test
    func aNamedMemberThatDoesNotKnowTheTokenIsGivenOneMore() throws {
        let refusals = [
            ("etcdserver: invalid auth token", [false, true, true]),
            ("etcdserver: revision of auth store is old", [false, false, false]),
        ]
        for (text, ends) in refusals {
            let verdict = CallVerdict(
                self.status(text, .unauthenticated),
                of: GRPCMethod(service: "s", method: "M"),
                endpoint: try Endpoint(parsing: "a:1", tlsByDefault: false)
            )
            for isAddressed in [true, false] {
                var course = CallCourse(
                    start: self.now,
                    timeout: .seconds(60),
                    isRepeatable: true,
                    isAddressed: isAddressed
                )
                for end in ends {
                    _ = course.nextAttemptDeadline(endpoints: 1, isJudged: false, now: self.now)
                    let next = course.next(after: verdict, now: self.now, canRenewToken: true)
                    if case .fail = next {
                        #expect(isAddressed && end)
                    } else {
                        #expect(!isAddressed || !end)
                    }
                }
            }
        }
    }

    @Test
    func theDeadlineEndsTheAttemptsWithTheLastCause() throws {
        #expect(
            try self.outcome(
                self.status("etcdserver: no leader"),
                isRepeatable: true,
                left: .zero
            )
                == .fail(.noLeader)
        )
        #expect(
            try self.outcome(
                CallFailure(.deadlineExceeded, isProvenUnprocessed: true),
                isRepeatable: false,
                left: .zero
            )
                == .fail(.deadlineExceeded)
        )
    }

    @Test
    func aReadWhoseMemberIsNotJudgedLeavesTimeForTheOthers() {
        let deadline = self.now + .seconds(8)
        var read = CallCourse(start: self.now, timeout: .seconds(8), isRepeatable: true)
        #expect(
            read.nextAttemptDeadline(endpoints: 3, isJudged: false, now: self.now) == self.now
                + .seconds(4)
        )
        #expect(
            read.nextAttemptDeadline(endpoints: 3, isJudged: false, now: self.now + .seconds(4))
                == self.now + .seconds(6)
        )
        #expect(
            read.nextAttemptDeadline(endpoints: 3, isJudged: false, now: self.now + .seconds(6))
                == deadline
        )

        var judged = CallCourse(start: self.now, timeout: .seconds(8), isRepeatable: true)
        #expect(
            judged.nextAttemptDeadline(endpoints: 3, isJudged: true, now: self.now) == deadline
        )
        var alone = CallCourse(start: self.now, timeout: .seconds(8), isRepeatable: true)
        #expect(alone.nextAttemptDeadline(endpoints: 1, isJudged: false, now: self.now) == deadline)
        var write = CallCourse(start: self.now, timeout: .seconds(8), isRepeatable: false)
        #expect(write.nextAttemptDeadline(endpoints: 3, isJudged: false, now: self.now) == deadline)
    }

    @Test
    func aMemberThatKnowsNoNewTokenIsLeft() throws {
        let endpoint = try Endpoint(parsing: "a:1", tlsByDefault: false)
        func isLeft(after texts: [String]) -> Bool {
            var course = CallCourse(start: self.now, timeout: .seconds(8), isRepeatable: true)
            for text in texts {
                _ = course.nextAttemptDeadline(endpoints: 3, isJudged: false, now: self.now)
                let verdict = CallVerdict(
                    self.status(text, .unauthenticated),
                    of: GRPCMethod(service: "s", method: "M"),
                    endpoint: endpoint
                )
                _ = course.next(after: verdict, now: self.now, canRenewToken: true)
            }
            return course.isTokenUnknown
        }
        let unknown = "etcdserver: invalid auth token"
        let outdated = "etcdserver: revision of auth store is old"
        #expect(!isLeft(after: [unknown]))
        #expect(isLeft(after: [unknown, unknown]))
        #expect(!isLeft(after: [unknown, unknown, "etcdserver: no leader"]))
        // Every member says so until the token is renewed.
        #expect(!isLeft(after: [outdated, outdated]))
    }

    @Test
    func aWriteWhoseAnswerCannotBeReadIsAmbiguous() {
        let error = EtcdError(code: .malformedResponse, message: "unreadable")
        let write = CallCourse(start: self.now, timeout: .seconds(8), isRepeatable: false)
        #expect(write.failure(ofUnreadable: error).code == .ambiguous)
        let read = CallCourse(start: self.now, timeout: .seconds(8), isRepeatable: true)
        #expect(read.failure(ofUnreadable: error).code == .malformedResponse)
    }
}
