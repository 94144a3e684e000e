// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Ends the tool with one line on standard error and a status.
struct ToolFailure: Error {
    var status: Int32
    /// What went wrong and what mends it.
    ///
    /// Never a secret.
    var message: String

    static func usage(_ message: String) -> Self {
        .init(status: ExitStatus.usage, message: message)
    }

    static func configuration(_ message: String) -> Self {
        .init(status: ExitStatus.configuration, message: message)
    }

    /// Says it on standard error.
    ///
    /// - Returns: The status to end with.
    func reported() -> ExitCode {
        StandardStream.error.write("rolling-lock: \(self.message)\n")
        return ExitCode(self.status)
    }
}
