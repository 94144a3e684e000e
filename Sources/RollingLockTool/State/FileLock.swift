// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A lock on this machine, which ends with the process that holds it however it ends.
package final class FileLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock; nil if somebody else holds it.
    ///
    /// - Parameters:
    ///   - path: The file that stands for it; it stays empty.
    ///   - waits: Whether to wait for the one who holds it.
    /// - Throws: ``ToolFailure`` if the file cannot be made.
    package init?(_ path: String, waits: Bool) throws {
        let descriptor = unsafe open(
            path,
            O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
            0o600
        )
        guard descriptor >= 0 else { throw AtomicFile.failure("opened", path) }
        self.descriptor = descriptor
        while flock(descriptor, LOCK_EX | (waits ? 0 : LOCK_NB)) != 0 {
            if errno == EINTR { continue }
            guard errno == EWOULDBLOCK else { throw AtomicFile.failure("locked", path) }
            return nil
        }
    }

    deinit { close(self.descriptor) }
}
