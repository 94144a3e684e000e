// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A promise that was broken, and what shows it.
package struct Violation: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: String, Sendable, CaseIterable {
        // What a watch promises.
        case watchOutOfOrder
        case watchRepeats
        case watchSplitsRevision
        case watchMissesChange
        case watchInventsChange
        case watchBeforeStart
        case watchOutsideRange
        case watchEnded
        case watchStuck
        case bookmarkUntrue
        case previousWrong

        // What the history of the store has to be like, whoever saw it.
        case contradiction
        case revisionMissing
        case countersWrong

        // What a write promises.
        case writeLost
        case writeTwice
        case writeTorn
        case writeDespiteRefusal
        case writeInvented
        case revisionWrong

        // What a read promises.
        case readWrong
        case readStale
        case notLinearizable

        // Leases and time.
        case leaseEndedEarly
        case callOverdue
        case errorUnexpected

        // What a lock promises.
        case twoHolders
        case heldOutOfTurn
        case fenceBroken
        case tokenWrong
        case tokenRepeated
        case releaseWrong
        case waiterHangs
        case holderHangs
        case ticketLeft
        case processFailed
        /// The log itself makes no sense.
        case logWrong

        // Not the client's doing.
        case membersDisagree
    }

    package var kind: Kind
    package var evidence: String

    package init(_ kind: Kind, _ evidence: String) {
        self.kind = kind
        self.evidence = evidence
    }

    package var description: String { "\(self.kind.rawValue): \(self.evidence)" }
}
