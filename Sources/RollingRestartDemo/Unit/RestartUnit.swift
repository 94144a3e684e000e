// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials
import Glibc
import ProcessControl

/// The command that runs under the lock: restarts a unit's service and waits until it is healthy.
///
/// It stops the service; the service manager starts it again, as systemd would.
struct RestartUnit: ParsableCommand {
    static let name = "restart-unit"
    static let configuration = CommandConfiguration(commandName: Self.name, shouldDisplay: false)

    static let settleMilliseconds: UInt32 = 300

    @Option var unit: String
    @Option var port: UInt16
    @Option var pidFile: String

    func run() throws {
        self.report("restart-begin")
        guard let old = PIDFile(path: self.pidFile).read() else {
            throw ValidationError("\(self.unit) has no process ID file")
        }
        kill(old, SIGTERM)
        let limit = BootClock.nanoseconds + Duration.seconds(30).inNanoseconds
        while true {
            if let pid = HealthProbe.ask(port: self.port), pid != old { break }
            guard BootClock.nanoseconds < limit else {
                throw ValidationError("\(self.unit) did not become healthy within 30 s")
            }
            usleep(10_000)
        }
        // Healthy for a moment, not only for the first answer.
        usleep(Self.settleMilliseconds * 1000)
        self.report("restart-end")
    }

    private func report(_ event: String) {
        var note = Note(event, unit: self.unit)
        note.pid = getpid()
        note.fencingToken = ProcessInfo.processInfo.environment["ROLLING_LOCK_FENCING_TOKEN"]
            .flatMap { Int64($0) }
        note.send(to: STDERR_FILENO)
    }
}
