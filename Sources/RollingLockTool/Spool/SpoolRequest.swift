// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// One operation that was asked for, as it is kept until it is done or has failed for good.
package struct SpoolRequest: Codable, Sendable, Equatable {
    /// The version this code writes.
    static let version = 1

    package var version = Self.version
    /// Grows with each request; the order is by this, never by a clock.
    package var sequence: Int64
    package var operation: String
    /// Names what a later request may be joined with.
    package var dedupe: String?
    package var hasArgument = false
    /// How often it was begun.
    package var attempt = 0
    /// True from the beginning of an attempt to its end: if it is found so at the start of a worker,
    /// the attempt was interrupted.
    package var isRunning = false
    /// How often an attempt was interrupted with its worker.
    package var interruptions = 0
    /// How often it is tried again at most; nil leaves it to the worker.
    package var maxRetry: Int?
    /// For how long it is tried again at most; nil leaves it to the worker.
    package var retryDeadlineSeconds: Double?
    /// What is left of the pause before the next attempt; counted on the clock of one boot.
    package var pause: Pause?
    /// The time since the beginning of the first attempt, without the time the machine was down.
    package var spentSeconds: Double = 0
    /// The moment to which that was counted.
    package var countedTo: BootInstant?
    /// What the last attempt ended with.
    package var lastStatus: Int32?
    /// Why it has failed for good.
    package var failure: String?
    /// For people only.
    package var requestedAt: String

    /// A moment on the clock of one boot.
    package struct BootInstant: Codable, Sendable, Equatable {
        package var bootID: String
        package var nanoseconds: Int64

        private enum CodingKeys: String, CodingKey {
            case bootID = "boot_id"
            case nanoseconds = "boottime_ns"
        }

        package init(bootID: String, nanoseconds: Int64) {
            self.bootID = bootID
            self.nanoseconds = nanoseconds
        }
    }

    /// The pause before the next attempt.
    package struct Pause: Codable, Sendable, Equatable {
        package var until: BootInstant
        package var seconds: Double

        package init(until: BootInstant, seconds: Double) {
            self.until = until
            self.seconds = seconds
        }
    }

    private enum CodingKeys: String, CodingKey {
        case version, sequence, operation, dedupe, attempt, interruptions, pause, failure
        case hasArgument = "has_argument"
        case isRunning = "running"
        case maxRetry = "max_retry"
        case retryDeadlineSeconds = "retry_deadline_s"
        case spentSeconds = "spent_s"
        case countedTo = "counted_to"
        case lastStatus = "last_status"
        case requestedAt = "requested_at"
    }

    package init(sequence: Int64, operation: String, requestedAt: String) {
        self.sequence = sequence
        self.operation = operation
        self.requestedAt = requestedAt
    }

    /// True if nothing was begun, so that a later request may be joined with it.
    package var isUntouched: Bool { self.attempt == 0 && !self.isRunning }

    // MARK: Changes

    /// An attempt begins.
    package mutating func begin(at now: BootInstant) {
        self.count(to: now)
        self.attempt += 1
        self.isRunning = true
        self.pause = nil
        self.countedTo = now
    }

    /// The attempt ended without an end of the operation.
    package mutating func end(status: Int32?, at now: BootInstant) {
        self.count(to: now)
        self.isRunning = false
        self.lastStatus = status
    }

    /// It is to be looked at again after a pause.
    package mutating func wait(_ pause: Duration, from now: BootInstant) {
        let until = now.nanoseconds + Int64(pause / .nanoseconds(1))
        self.pause = Pause(
            until: BootInstant(bootID: now.bootID, nanoseconds: until),
            seconds: pause / .seconds(1)
        )
    }

    /// The attempt was ended by whoever stopped the worker: it does not count.
    package mutating func takeBack(at now: BootInstant) {
        self.count(to: now)
        self.isRunning = false
        self.attempt -= 1
    }

    /// The worker of the attempt is gone.
    ///
    /// The attempt counts: an operation that takes its worker with it must come to an end too.
    package mutating func interrupt(at now: BootInstant) {
        self.count(to: now)
        self.isRunning = false
        self.interruptions += 1
    }

    /// How long the next attempt must still wait.
    ///
    /// After a reboot the whole pause is made again: no clock tells how long the machine was down.
    package func remainingPause(at now: BootInstant) -> Duration {
        guard let pause = self.pause else { return .zero }
        guard pause.until.bootID == now.bootID else { return .seconds(pause.seconds) }
        return max(.zero, .nanoseconds(pause.until.nanoseconds - now.nanoseconds))
    }

    /// A pause that began in an earlier boot begins anew.
    package mutating func restartPause(at now: BootInstant) {
        guard let pause = self.pause, pause.until.bootID != now.bootID else { return }
        self.wait(.seconds(pause.seconds), from: now)
    }

    private mutating func count(to now: BootInstant) {
        if let last = self.countedTo, last.bootID == now.bootID, now.nanoseconds > last.nanoseconds
        {
            self.spentSeconds += Double(now.nanoseconds - last.nanoseconds) / 1e9
        }
        if self.countedTo != nil { self.countedTo = now }
    }
}
