// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The statuses of `rolling-lock` itself.
///
/// Anything else is the command's own.
enum ExitStatus {
    /// Wrong arguments.
    static let usage: Int32 = 64
    /// Nothing is recorded that could be resumed.
    static let nothingRecorded: Int32 = 66
    /// etcd could not be reached or did not answer.
    static let unavailable: Int32 = 69
    /// A fault of the tool.
    static let fault: Int32 = 70
    /// A file is there already or cannot be written.
    static let cannotCreate: Int32 = 73
    /// The waiting limit passed; the command was not run.
    static let timedOut: Int32 = 75
    /// etcd or TLS refused the identity or the access.
    static let denied: Int32 = 77
    /// A file or setting of the connection is unusable.
    static let configuration: Int32 = 78
    /// The lock was lost while the command ran, so the command was stopped.
    static let lost: Int32 = 79
    /// The post-check did not find the unit healthy in time, after the command.
    static let unhealthy: Int32 = 80
    /// The pre-check said no; the command was not run.
    static let notReady: Int32 = 81
    /// Another rolling-lock works on what this unit keeps on this machine.
    static let busy: Int32 = 82
    /// The lock has other limits than this unit says.
    static let limitsDiffer: Int32 = 83
    /// The command exists and cannot be executed.
    static let notExecutable: Int32 = 126
    /// There is no such command.
    static let notFound: Int32 = 127

    /// The status that says that a signal ended it.
    static func signal(_ number: Int32) -> Int32 { 128 + number }

    /// The table that every `--help` prints.
    static let help = """
        EXIT STATUS:
          0-125    the command's own status
          64       wrong arguments
          69       etcd is unavailable (nothing was run)
          75       not granted within --timeout (nothing was run)
          77       etcd or TLS denied access (nothing was run)
          78       a connection setting or file is unusable (nothing was run)
          79       the lock was lost while the command ran; the command was stopped
          80       the command has run, and the post-check did not say yes in time
          81       the pre-check said no (nothing was run)
          83       the lock has other --slots than this unit says (nothing was run)
          126, 127 the command cannot be executed, is not found (nothing was run)
          128+n    ended by signal n: the command, or rolling-lock while it waited
        """
}
