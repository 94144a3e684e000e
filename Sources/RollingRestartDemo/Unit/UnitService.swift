// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc

/// A unit's service: answers `GET /` on loopback with `200 OK` while it is healthy.
///
/// It takes a while to start and to stop, as services do.
struct UnitService: ParsableCommand {
    static let name = "unit-service"
    static let configuration = CommandConfiguration(commandName: Self.name, shouldDisplay: false)

    static let startMilliseconds: UInt32 = 350
    static let stopMilliseconds: UInt32 = 150

    @Option var unit: String
    @Option var port: UInt16
    @Option var pidFile: String

    func run() throws {
        // Both ends of a pipe: the handler writes, the loop below wakes up.
        let stop = try StopSignal()
        try PIDFile(path: self.pidFile).write()
        self.report("starting")
        if stop.arrives(within: Int32(Self.startMilliseconds)) { return }
        let listener = try LoopbackListener(port: self.port)
        self.report("healthy")
        while !stop.arrives(orReadable: listener.descriptor) {
            listener.answerOne(with: "ok \(getpid())\n")
        }
        self.report("stopping")
        listener.close()
        usleep(Self.stopMilliseconds * 1000)
        self.report("stopped")
    }

    private func report(_ event: String) {
        var note = Note(event, unit: self.unit)
        note.pid = getpid()
        note.send(to: STDOUT_FILENO)
    }
}
