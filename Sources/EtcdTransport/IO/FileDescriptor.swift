// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Owns a descriptor and closes it at the end of its life.
struct FileDescriptor: ~Copyable, Sendable {
    let rawValue: Int32

    init(owning rawValue: Int32) {
        self.rawValue = rawValue
    }

    deinit {
        // EINTR and EIO leave the descriptor closed on Linux; there is nothing to repeat.
        _ = Glibc.close(self.rawValue)
    }
}

/// The error number of a failed system call.
struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    let number: Int32

    /// The calling thread's `errno`.
    static var current: SystemError { SystemError(number: errno) }

    /// What an error of a TCP socket means for the connection.
    enum Kind {
        case refused
        case timedOut
        case unreachable
        /// The peer has hung up.
        case reset
        case other
    }

    var kind: Kind {
        switch self.number {
        case ECONNREFUSED: .refused
        case ETIMEDOUT: .timedOut
        case ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, EACCES, ENETDOWN: .unreachable
        case ECONNRESET, EPIPE: .reset
        default: .other
        }
    }

    var description: String {
        unsafe String(cString: strerror(self.number))
    }
}

/// Repeats a system call while it is interrupted.
///
/// A negative result is an error.
@inline(__always)
func retryingInterrupts<Result: SignedInteger>(
    _ call: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = call()
        if result >= 0 {
            return result
        }
        let error = SystemError.current
        if error.number != EINTR {
            throw error
        }
    }
}
