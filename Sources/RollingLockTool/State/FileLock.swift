// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A lock on this machine, which ends with the process that holds it however it ends.
package final class FileLock: Sendable {
    /// How long one waits for what takes milliseconds.
    private static let patience = Duration.seconds(30)

    private let descriptor: Int32

    /// Takes the lock; nil if somebody else holds it.
    ///
    /// - Parameters:
    ///   - path: The file that stands for it; it stays empty.
    ///   - waits: Whether to wait for the one who holds it, who must not take long.
    /// - Throws: ``ToolFailure`` if the file cannot be made, or who holds it takes too long.
    package init?(_ path: String, waits: Bool) throws {
        let descriptor = unsafe open(
            path,
            O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
            0o600
        )
        guard descriptor >= 0 else { throw AtomicFile.failure("opened", path) }
        self.descriptor = descriptor
        let deadline = ContinuousClock.now + Self.patience
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            guard errno == EWOULDBLOCK else { throw AtomicFile.failure("locked", path) }
            guard waits else { return nil }
            guard ContinuousClock.now < deadline else {
                throw ToolFailure(
                    status: ExitStatus.busy,
                    message: "another process keeps \(path) locked; it may have been stopped: see "
                        + "fuser \(path)"
                )
            }
            usleep(2000)
        }
    }

    deinit { close(self.descriptor) }
}
