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

    /// Wakes a command that was suspended from the terminal (Ctrl-Z), until cancelled.
    ///
    /// The lock would go on being held for it, and all other units would wait.
    func keepAwake(_ group: pid_t, onWaking: @Sendable () -> Void) async {
        while self.isOurs && !Task.isCancelled {
            var information = unsafe siginfo_t()
            let flags = WSTOPPED | WNOHANG
            // Only stops are asked for: the command's end is left to whoever waits for it.
            if unsafe waitid(P_PID, id_t(group), &information, flags) == 0,
                unsafe information.si_signo == SIGCHLD,
                // An operator's own SIGSTOP is left alone.
                unsafe information._sifields._sigchld.si_status != SIGSTOP
            {
                onWaking()
                self.lend(to: group)
            }
            try? await Task.sleep(for: .milliseconds(200))
        }
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
