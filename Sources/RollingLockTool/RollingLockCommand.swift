// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc

/// The command `rolling-lock`.
@main
struct RollingLockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rolling-lock",
        abstract: "Runs commands one unit at a time across a cluster, with etcd as the referee.",
        discussion: """
            Every unit that wants to restart, upgrade or reboot asks for the same lock. The units \
            are served one by one in the order in which they asked.

            Where etcd is comes from flags, else from ETCDCTL_* variables, else from --config.

            EXAMPLES:
              rolling-lock run --cluster-id blue -- systemctl restart app
              rolling-lock run --cluster-id blue --timeout 10m -- ./upgrade.sh
              rolling-lock status --cluster-id blue --follow

            Completion for a shell: rolling-lock --generate-completion-script bash (or zsh, fish), \
            written where that shell looks for it.

            \(ExitStatus.help)
            """,
        version: "0.1.0",
        subcommands: [
            RunCommand.self, AcquireCommand.self, ResumeCommand.self, ReleaseCommand.self,
            LeaveCommand.self, RequestCommand.self, WorkerCommand.self, RequestsCommand.self,
            StatusCommand.self, HistoryCommand.self, CancelCommand.self, EvictCommand.self,
            FreezeCommand.self, UnfreezeCommand.self, LimitsCommand.self, VerifyCommand.self,
            DoctorCommand.self, ClusterIDCommand.self, CertificateCommand.self, GuardCommand.self,
        ]
    )

    static func main() async {
        if Launcher.isThisProcess { Launcher.run() }
        // A reader that goes away must end a write, not the process: the lock is still to be
        // released.
        _ = signal(SIGPIPE, SIG_IGN)
        await self.main(nil)
    }
}
