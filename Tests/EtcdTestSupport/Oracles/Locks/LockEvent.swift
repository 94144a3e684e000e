// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// One process that contends for a lock: a place among the contenders, and its how many-eth life.
package struct ContenderID: Sendable, Hashable, Codable, LosslessStringConvertible {
    package var slot: Int16
    package var life: Int16

    package init(slot: Int, life: Int) {
        self.slot = Int16(clamping: slot)
        self.life = Int16(clamping: life)
    }

    /// Reads what `description` wrote.
    package init?(_ description: String) {
        let parts = description.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let slot = Int16(parts[0]), let life = Int16(parts[1]) else {
            return nil
        }
        self.slot = slot
        self.life = life
    }

    /// `7.2` is the second process in the eighth place.
    package var description: String { "\(self.slot).\(self.life)" }
}

/// One line of the log that all contenders of a lock and those who disturb them write.
///
/// The log's order is the only time there is: a line was written after everything whose line the
/// writer had seen acknowledged.
package struct LockEvent: Sendable, Hashable {
    /// How a wait without the lock ended.
    package enum WaitEnd: String, Sendable, CaseIterable {
        /// After the time that the contender gave.
        case timedOut
        /// Somebody stood in the queue, and the contender did not want to wait.
        case busy
        /// The contender changed its mind.
        case cancelled
        /// The lock said that the place in the queue was lost.
        case lost
        /// The lock said that something else is wrong.
        case failed
    }

    /// What a release came to, as its contender was told.
    package enum ReleaseEnd: String, Sendable, CaseIterable {
        case released
        case alreadyGone
        case notMine
        /// It was not told in time.
        case unconfirmed
    }

    package enum Kind: Sendable, Hashable {
        // What contenders say. Tokens are fencing tokens.

        /// It is about to ask for the lock.
        case wants(attempt: Int)
        /// It will not get the lock.
        case stoppedWaiting(attempt: Int, WaitEnd)
        /// It was told that it has the lock.
        case entered(attempt: Int, token: Int64, lease: Int64)
        /// It asked whether it holds the lock, after the line `since` was acknowledged, and was told
        /// yes.
        case believes(token: Int64, since: Int)
        /// It used the resource that is fenced here.
        case used(token: Int64, isAccepted: Bool)
        /// It is about to give the lock up.
        case leaves(token: Int64)
        /// What became of that.
        case released(token: Int64, ReleaseEnd)
        /// It was told that the lock is lost.
        case lost(token: Int64)
        /// It wants nothing any more, but still lives.
        case drained
        /// It is about to end.
        case bye

        // What is done to contenders.

        case began
        case ended
        case killing
        case stopping
        case continuing
        /// All that hangs on this lease is about to vanish.
        case revoking(lease: Int64)
        /// This ticket is about to be deleted, by its create revision.
        case deleting(ticket: Int64)

        /// A server that led when it was stopped is about to go on.
        case leaderContinues
    }

    /// Whom it is about.
    package var who: ContenderID?
    package var kind: Kind

    package init(_ who: ContenderID?, _ kind: Kind) {
        self.who = who
        self.kind = kind
    }
}
