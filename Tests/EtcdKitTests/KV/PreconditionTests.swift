// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdKit

/// What the state of a key proves of a write whose answer was lost.
struct PreconditionTests {
    private static func stored(
        _ value: EtcdBytes = "old",
        created: EtcdRevision = 5,
        changed: EtcdRevision = 8,
        version: Int64 = 3,
        lease: EtcdLeaseID? = nil
    ) -> EtcdKeyValue {
        EtcdKeyValue(
            key: "k",
            value: value,
            createRevision: created,
            modRevision: changed,
            version: version,
            lease: lease
        )
    }

    private let unchanged = EtcdPrecondition.unchanged(Self.stored())

    private func isPutExcluded(
        _ precondition: EtcdPrecondition,
        options: EtcdPutOptions = .init(),
        lease: EtcdLeaseID? = nil,
        by current: EtcdKeyValue?
    ) -> Bool {
        let value: EtcdBytes = options.keepValue ? "" : "new"
        return precondition.excludes(
            putOf: value,
            lease: lease,
            options: options,
            before: current
        )
    }

    @Test
    func anotherWriteInThePlaceOfAPutExcludesIt() {
        let other = Self.stored("theirs", changed: 9, version: 4)
        #expect(self.isPutExcluded(self.unchanged, by: other))
        let sameValue = Self.stored("new", changed: 9, version: 4, lease: EtcdLeaseID(7))
        #expect(self.isPutExcluded(self.unchanged, by: sameValue))
        let leased = Self.stored("old", changed: 9, version: 4, lease: EtcdLeaseID(7))
        #expect(self.isPutExcluded(self.unchanged, options: .init(keepValue: true), by: leased))
    }

    @Test
    func whatTheWriteItselfWouldHaveLeftExcludesNothing() {
        let own = Self.stored("new", changed: 9, version: 4)
        #expect(!self.isPutExcluded(self.unchanged, by: own))
        let kept = Self.stored("old", changed: 9, version: 4, lease: EtcdLeaseID(7))
        #expect(
            !self.isPutExcluded(
                self.unchanged,
                options: .init(keepValue: true),
                lease: EtcdLeaseID(7),
                by: kept
            )
        )
    }

    @Test
    func aKeptValueThatWasNotReadExcludesNothing() {
        let withoutValue = EtcdPrecondition.unchanged(Self.stored(""))
        let own = Self.stored("old", changed: 9, version: 4)
        #expect(!self.isPutExcluded(withoutValue, options: .init(keepValue: true), by: own))
    }

    @Test
    func whatCameAfterASecondWriteExcludesNothing() {
        #expect(!self.isPutExcluded(self.unchanged, by: nil))
        #expect(!self.isPutExcluded(self.unchanged, by: Self.stored("x", changed: 9, version: 5)))
        let again = Self.stored("x", created: 9, changed: 9, version: 4)
        #expect(!self.isPutExcluded(self.unchanged, by: again))
    }

    @Test
    func withoutTheOldVersionNoPutIsExcluded() {
        let other = Self.stored("theirs", changed: 9, version: 4)
        #expect(!self.isPutExcluded(.lastChanged(at: 8), by: other))
        #expect(!self.isPutExcluded(.absent, by: other))
    }

    @Test
    func aKeyThatLivesOnWasNotDeleted() {
        let changed = Self.stored("theirs", changed: 9, version: 4)
        #expect(self.unchanged.excludesDeletion(before: changed))
        #expect(EtcdPrecondition.lastChanged(at: 8).excludesDeletion(before: changed))
        #expect(!self.unchanged.excludesDeletion(before: nil))
        let again = Self.stored("theirs", created: 10, changed: 10, version: 1)
        #expect(!self.unchanged.excludesDeletion(before: again))
    }

    @Test
    func onlyAnAbsentKeyCanBeSoAgain() {
        #expect(!EtcdPrecondition.absent.isUsedUpByWrite)
        #expect(self.unchanged.isUsedUpByWrite)
        #expect(EtcdPrecondition.unchanged(nil) == .absent)
    }
}
