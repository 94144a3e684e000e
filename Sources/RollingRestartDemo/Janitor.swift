// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import ProcessControl
import Subprocess
import SystemPackage

/// Clears the temporary folder away when the demo cannot do it any more, because it was killed.
///
/// It waits for the end of a pipe that only the demo holds open.
struct Janitor: ParsableCommand {
    static let name = "janitor"
    static let configuration = CommandConfiguration(commandName: Self.name, shouldDisplay: false)

    @Argument var folder: String

    func run() {
        for number in [SIGTERM, SIGINT, SIGHUP] { _ = signal(number, SIG_IGN) }
        var byte: UInt8 = 0
        while unsafe read(STDIN_FILENO, &byte, 1) > 0 {}
        // The processes that write there are killed at the same moment; this outlasts them.
        for _ in 0..<20 where unsafe access(self.folder, F_OK) == 0 {
            WorkFolder(existing: self.folder).remove()
            usleep(100_000)
        }
    }

    /// Employs a janitor for a folder; it works when this process ends, in whatever way.
    static func employ(for folder: WorkFolder) throws {
        guard let pipe = PipeEnds() else { throw DemoFailure("too many open files") }
        let program = try OwnProgram.path()
        var options = PlatformOptions()
        options.createSession = true
        // Unstructured: it outlives this process.
        Task { [options] in
            try await Subprocess.run(
                .path(FilePath(program)),
                arguments: [Self.name, folder.path],
                platformOptions: options,
                input: .fileDescriptor(
                    FileDescriptor(rawValue: pipe.readEnd),
                    closeAfterSpawningProcess: true
                ),
                output: .discarded,
                error: .discarded
            )
        }
    }
}
