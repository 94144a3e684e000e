// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdKit

private func candidate(
    _ key: String,
    _ value: String = "",
    created: EtcdRevision,
    changed: EtcdRevision? = nil
) -> EtcdKeyValue {
    EtcdKeyValue(
        key: EtcdBytes(key),
        value: EtcdBytes(value),
        createRevision: created,
        modRevision: changed ?? created,
        version: 1
    )
}

private func gone(_ key: String, at revision: EtcdRevision) -> EtcdEvent {
    EtcdEvent(
        kind: .delete,
        keyValue: EtcdKeyValue(
            key: EtcdBytes(key),
            value: "",
            createRevision: 0,
            modRevision: revision,
            version: 0
        )
    )
}

@Suite
struct LeaderTrackerTests {
    @Test func theOldestCandidateLeads() {
        var tracker = LeaderTracker()
        let leaders = tracker.listed([
            candidate("a", created: 9), candidate("z", "value", created: 3),
        ])
        #expect(
            leaders == [
                EtcdElectionLeader(
                    key: "z",
                    value: "value",
                    fencingToken: 3,
                    proclaimedRevision: 3
                )
            ]
        )
    }

    @Test func thatNobodyLeadsIsTold() {
        var tracker = LeaderTracker()
        #expect(tracker.listed([]) == [nil])
        #expect(tracker.listed([]) == [])
        #expect(
            tracker.changed([.init(kind: .put, keyValue: candidate("a", created: 5))])
                .map { $0?.key } == ["a"]
        )
        #expect(tracker.changed([gone("a", at: 6)]) == [nil])
    }

    @Test func everyRevisionOfABatchCounts() {
        var tracker = LeaderTracker()
        _ = tracker.listed([candidate("a", created: 5), candidate("b", created: 6)])
        let leaders = tracker.changed([
            gone("a", at: 7),
            .init(kind: .put, keyValue: candidate("c", created: 8)),
            .init(kind: .put, keyValue: candidate("b", "new", created: 6, changed: 9)),
            gone("b", at: 10),
            gone("c", at: 11),
            .init(kind: .put, keyValue: candidate("a", created: 12)),
        ])
        #expect(leaders.map { $0?.key } == ["b", "b", "c", nil, "a"])
        #expect(leaders.map { $0?.proclaimedRevision } == [6, 9, 8, nil, 12])
    }

    @Test func oneRevisionIsOneStep() {
        var tracker = LeaderTracker()
        _ = tracker.listed([candidate("a", created: 5)])
        // A transaction that deposes one and makes another.
        let leaders = tracker.changed([
            gone("a", at: 7), .init(kind: .put, keyValue: candidate("b", created: 7)),
        ])
        #expect(leaders.map { $0?.key } == ["b"])
    }

    @Test func theLastRevisionOnceMoreChangesNothing() {
        var tracker = LeaderTracker()
        // Revision 7 deposed one and made another, revision 9 proclaimed.
        let seventh = [gone("a", at: 7), .init(kind: .put, keyValue: candidate("b", created: 7))]
        _ = tracker.listed([candidate("b", created: 7)])
        #expect(tracker.changed(seventh) == [])
        let ninth = [
            EtcdEvent(kind: .put, keyValue: candidate("b", "new", created: 7, changed: 9))
        ]
        #expect(tracker.changed(ninth).map { $0?.value } == ["new"])
        #expect(tracker.changed(ninth) == [])
        #expect(tracker.changed([gone("b", at: 10)]) == [nil])
        #expect(tracker.changed([gone("b", at: 10)]) == [])
    }

    @Test func whoProclaimsWithoutLeadingChangesNothingYet() {
        var tracker = LeaderTracker()
        _ = tracker.listed([candidate("a", created: 5), candidate("b", created: 6)])
        #expect(
            tracker.changed([
                .init(kind: .put, keyValue: candidate("b", "plan", created: 6, changed: 7))
            ]) == []
        )
        #expect(tracker.changed([gone("a", at: 8)]).map { $0?.value } == ["plan"])
    }

    @Test func aListingTellsWhatChangedMeanwhile() {
        var tracker = LeaderTracker()
        _ = tracker.listed([candidate("a", created: 5)])
        #expect(tracker.listed([candidate("a", created: 5)]) == [])
        #expect(tracker.listed([candidate("b", created: 9)]).map { $0?.key } == ["b"])
        // The same key as another candidate is another leader.
        #expect(tracker.listed([candidate("b", created: 12)]).map { $0?.fencingToken } == [12])
    }
}
