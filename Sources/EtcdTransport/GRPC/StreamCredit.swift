// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// How much of a stream's window goes back to the peer when its owner controls the flow.
///
/// Whole messages that the owner has not used yet hold the window back, and nothing else does. A
/// message larger than the window would never become whole if its first part held the window, so a
/// part goes back at once while no whole message waits: as a loan, which is taken off when the
/// owner has used the message.
struct StreamCredit {
    /// Bytes received and not given back.
    private var held = 0
    /// Bytes of whole messages that the owner has not used.
    private var waiting = 0
    /// Bytes given back for the oldest message that the owner has not used.
    private var loan = 0

    /// A message is whole, of this size with its prefix.
    mutating func completed(_ count: Int) {
        self.waiting += count
    }

    /// Bytes arrived, and the messages they complete are counted.
    ///
    /// - Returns: how many bytes to give back now.
    mutating func received(_ count: Int, isWithinMessage: Bool) -> Int {
        self.held += count
        return self.lend(isWithinMessage)
    }

    /// The owner has used whole messages of this size together.
    ///
    /// - Returns: how many bytes to give back now.
    mutating func consumed(_ count: Int, isWithinMessage: Bool) -> Int {
        precondition(count <= self.waiting, "more is given back than was delivered")
        self.waiting -= count
        let repaid = min(count, self.loan)
        self.loan -= repaid
        self.held -= count - repaid
        return count - repaid + self.lend(isWithinMessage)
    }

    private mutating func lend(_ isWithinMessage: Bool) -> Int {
        guard isWithinMessage, self.waiting == 0 else { return 0 }
        let part = self.held
        self.held = 0
        self.loan += part
        return part
    }
}
