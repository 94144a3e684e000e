// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Decides what the end of an attempt means.
package struct RetryPolicy: Sendable, Equatable {
    /// The status with which an operation asks to be tried again later, after the others.
    package static let laterStatus: Int32 = 75
    /// The status with which it asks to be tried again at once, without giving the lock up.
    package static let nowStatus: Int32 = 76

    /// How often an operation is tried again at most; nil means for ever.
    package var maxRetry: Int?
    /// For how long it is tried again at most, from its first attempt on; nil means for ever.
    package var retryDeadline: Duration?
    /// The pause after the first attempt.
    package var firstPause: Duration
    /// The longest pause.
    package var longestPause: Duration

    package init(
        maxRetry: Int? = nil,
        retryDeadline: Duration? = nil,
        firstPause: Duration = .seconds(5),
        longestPause: Duration = .seconds(300)
    ) {
        self.maxRetry = maxRetry
        self.retryDeadline = retryDeadline
        self.firstPause = firstPause
        self.longestPause = longestPause
    }

    package enum Verdict: Sendable, Equatable {
        case done
        /// Give the lock up and try again behind the others.
        case retryLater
        /// Keep the lock and try again.
        case retryNow
        /// It is not tried again.
        case failed(String)
    }

    /// The policy for a request that may bring bounds of its own.
    package func applied(to request: SpoolRequest) -> RetryPolicy {
        var policy = self
        if let maxRetry = request.maxRetry { policy.maxRetry = maxRetry }
        if let seconds = request.retryDeadlineSeconds { policy.retryDeadline = .seconds(seconds) }
        return policy
    }

    /// What becomes of an operation whose attempt has ended.
    ///
    /// - Parameters:
    ///   - status: What it ended with; nil if its worker or the lock was lost.
    ///   - attempt: Which attempt it was, from 1 on.
    ///   - spent: The time since the beginning of the first.
    /// - Returns: Whether and how it is tried again.
    package func verdict(status: Int32?, attempt: Int, spent: Duration) -> Verdict {
        if status == 0 { return .done }
        if let maxRetry = self.maxRetry, attempt > maxRetry {
            return .failed("attempt \(attempt) was the last of \(maxRetry + 1)")
        }
        if let retryDeadline = self.retryDeadline, spent >= retryDeadline {
            return .failed("it was tried for \(DurationText.format(spent))")
        }
        return status == Self.nowStatus ? .retryNow : .retryLater
    }

    /// The pause after an attempt: it doubles up to the longest one, and is a random part of that.
    ///
    /// - Parameters:
    ///   - attempt: The attempt that ended, from 1 on.
    ///   - part: A random number from 0 to 1.
    /// - Returns: How long to wait.
    package func pause(after attempt: Int, part: Double = .random(in: 0...1)) -> Duration {
        var ceiling = self.firstPause
        var left = max(0, attempt - 1)
        while left > 0, ceiling < self.longestPause {
            ceiling = ceiling * 2
            left -= 1
        }
        ceiling = min(ceiling, self.longestPause)
        return ceiling * (0.5 + part / 2)
    }
}
