// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The two descriptors of a new pipe, both closed on exec.
package struct PipeEnds: Sendable {
    package let readEnd: Int32
    package let writeEnd: Int32

    /// Makes a pipe; nil when the process may not open more files.
    package init?() {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        self.readEnd = ends[0]
        self.writeEnd = ends[1]
    }
}
