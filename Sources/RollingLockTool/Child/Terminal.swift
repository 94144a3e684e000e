// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Lends the terminal to the command, as a shell does.
///
/// A process group that reads from a terminal it does not own is stopped (SIGTTIN), and the command
/// has a group of its own. The terminal is lent only where this process has it for itself; in a
/// pipeline another command may need it.
struct Terminal: Sendable {
    private let isOurs: Bool

    init() {
        self.isOurs =
            isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
            && tcgetpgrp(STDIN_FILENO) == getpgrp() && getpid() == getpgrp()
    }

    /// Makes a group the one that the terminal listens to.
    func lend(to group: pid_t) {
        guard self.isOurs else { return }
        self.give(to: group)
        // It may have been stopped for reading a moment too early.
        kill(-group, SIGCONT)
    }

    /// Takes the terminal back.
    func takeBack() {
        guard self.isOurs else { return }
        self.give(to: getpgrp())
    }

    private func give(to group: pid_t) {
        // A group in the background is stopped when it does this, unless it ignores SIGTTOU.
        let former = signal(SIGTTOU, SIG_IGN)
        tcsetpgrp(STDIN_FILENO, group)
        _ = signal(SIGTTOU, former)
    }
}
