// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Why a lock could not be had, or was lost.
///
/// The functions of ``RollingLock`` throw this, or `CancellationError` when the task was cancelled,
/// or what the caller's own closure threw.
public struct RollingLockError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is; compare this.
    public var code: Code

    /// One sentence for people.
    ///
    /// Never contains values or credentials.
    public var message: String

    /// Why the lock was lost, with ``Code/lost``.
    public var lossReason: RollingLockLossReason?

    /// The error underneath, usually an `EtcdError`.
    public var cause: (any Error)?

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: What kind of failure it is.
    ///   - message: One sentence for people.
    ///   - lossReason: Why the lock was lost.
    ///   - cause: The error underneath.
    public init(
        code: Code,
        message: String,
        lossReason: RollingLockLossReason? = nil,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.lossReason = lossReason
        self.cause = cause
    }

    /// The message, and what the cause says.
    public var description: String {
        guard let cause else { return "\(self.code): \(self.message)" }
        return "\(self.code): \(self.message) (\(cause))"
    }
}

extension RollingLockError {
    /// The kinds of failure.
    ///
    /// More may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Value: String {
            case timeout, lost, unavailable, permissionDenied, invalidName, invalidArgument
            case closed, failed, limitsDiffer
        }

        private var value: Value

        /// The lock was not free within the time that the caller gave.
        ///
        /// The ticket is removed.
        public static var timeout: Code { Code(value: .timeout) }

        /// The ticket or its lease is gone: while waiting, or while the lock was held.
        public static var lost: Code { Code(value: .lost) }

        /// etcd could not be reached, or did not answer in time.
        public static var unavailable: Code { Code(value: .unavailable) }

        /// etcd refuses this client.
        ///
        /// The message names the prefix that it must be granted.
        public static var permissionDenied: Code { Code(value: .permissionDenied) }

        /// A root, cluster ID, lock name or unit name is empty, too long or malformed.
        public static var invalidName: Code { Code(value: .invalidName) }

        /// Another argument cannot be accepted, for instance a reason that is too long.
        public static var invalidArgument: Code { Code(value: .invalidArgument) }

        /// The lock has other limits than this unit says.
        ///
        /// The message says both.
        public static var limitsDiffer: Code { Code(value: .limitsDiffer) }

        /// The lock object or its client was shut down.
        public static var closed: Code { Code(value: .closed) }

        /// etcd refused the request for a reason that has no code of its own; see the cause.
        public static var failed: Code { Code(value: .failed) }

        /// The name of the code.
        public var description: String { self.value.rawValue }
    }
}
