// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Testing

@testable import EtcdKit

struct ClusterIdentityTests {
    private func header(_ revision: Int64, term: UInt64 = 3) -> ResponseHeader {
        ResponseHeader(clusterID: 7, memberID: 1, revision: revision, raftTerm: term)
    }

    @Test func theFirstClusterThatAnswersIsTheOwn() {
        let identity = ClusterIdentity()
        #expect(identity.accepts(cluster: 0) && identity.clusterID == nil)
        #expect(identity.accepts(cluster: 7))
        #expect(identity.accepts(cluster: 7) && !identity.accepts(cluster: 8))
        #expect(identity.accepts(cluster: 0))
        #expect(identity.clusterID == 7)
    }

    @Test func afterItIsForgottenTheNextOneIsTheOwn() {
        let identity = ClusterIdentity()
        #expect(identity.accepts(cluster: 7))
        identity.saw(revision: 50, term: 3)
        let epoch = identity.storeEpoch
        identity.forget()
        #expect(identity.storeEpoch != epoch)
        #expect(identity.position == .init(revision: 0, epoch: epoch + 1))
        #expect(identity.accepts(cluster: 8) && !identity.accepts(cluster: 7))
    }

    @Test func anAnswerToAQuestionFromBeforeDecidesNothing() {
        let identity = ClusterIdentity()
        #expect(identity.accepts(cluster: 7))
        let outdated = identity.storeEpoch
        identity.forget()
        // The old cluster answers once more.
        #expect(!identity.accepts(cluster: 7, epoch: outdated))
        #expect(identity.clusterID == nil)
        #expect(identity.accepts(cluster: 8, epoch: identity.storeEpoch))
        // Once that is decided it only matters which cluster it is.
        #expect(identity.accepts(cluster: 8, epoch: outdated))
        #expect(!identity.accepts(cluster: 7, epoch: outdated))
    }

    @Test func whatWasSeenOnlyGrows() {
        let identity = ClusterIdentity()
        identity.saw(revision: 50, term: 3)
        identity.saw(revision: 40, term: 4)
        #expect(identity.position == .init(revision: 50) && identity.highestTerm == 4)
    }

    @Test func anAnswerIsBehindByItsRevision() {
        let identity = ClusterIdentity()
        identity.saw(revision: 50, term: 3)
        let before = identity.position
        #expect(identity.isBehind(self.header(49), before))
        #expect(!identity.isBehind(self.header(50), before))
    }

    @Test func theTermOfAMemberThatCampaignedInVainProvesNothing() {
        let identity = ClusterIdentity()
        identity.saw(revision: 50, term: 3)
        // Cut off from the others, which go on in their term.
        identity.saw(revision: 50, term: 900)
        #expect(!identity.isBehind(self.header(50, term: 3), identity.position))
        #expect(!identity.isBehind(self.header(60, term: 3), identity.position))
    }

    @Test func aStoreGoesBackOnceHoweverManyNotice() {
        let identity = ClusterIdentity()
        identity.saw(revision: 50, term: 3)
        let before = identity.position
        #expect(identity.storeWentBack(to: self.header(20, term: 2), from: before))
        #expect(identity.position == .init(revision: 20, epoch: 1) && identity.highestTerm == 2)
        // A call that was under way at the time.
        #expect(!identity.isBehind(self.header(20, term: 2), before))
        #expect(!identity.storeWentBack(to: self.header(20, term: 2), from: before))
        #expect(identity.position == .init(revision: 20, epoch: 1))
        // And its like after the store has come further than it was before.
        identity.saw(revision: 70, term: 2)
        #expect(!identity.storeWentBack(to: self.header(20, term: 2), from: before))
        #expect(identity.position == .init(revision: 70, epoch: 1))
    }
}
