// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import ProcessControl

/// An independent witness of one unit's health: asks every few milliseconds, and reports each
/// change with what is certain and what is possible about its time.
struct Observe: ParsableCommand {
    static let name = "observe"
    static let configuration = CommandConfiguration(commandName: Self.name, shouldDisplay: false)

    static let intervalMilliseconds: UInt32 = 5

    @Option var unit: String
    @Option var port: UInt16

    func run() throws {
        let stop = try StopSignal()
        var wasUp: Bool?
        var probes = 0
        var longestPause: Int64 = 0
        // The beginning of the probe before.
        var before = BootClock.nanoseconds
        repeat {
            let begin = BootClock.nanoseconds
            let isUp = HealthProbe.ask(port: self.port) != nil
            let end = BootClock.nanoseconds
            if probes > 0 { longestPause = max(longestPause, begin - before) }
            probes += 1
            if isUp != wasUp {
                var note = Note(isUp ? "up" : "down", unit: self.unit)
                // It was in the old state during the probe before, and in the new one during this.
                note.certain = isUp ? before : end
                note.possible = isUp ? end : before
                note.send(to: STDOUT_FILENO)
                wasUp = isUp
            }
            before = begin
        } while !stop.arrives(within: Int32(Self.intervalMilliseconds))
        var note = Note("observed", unit: self.unit)
        note.probes = probes
        note.longestPause = longestPause
        note.send(to: STDOUT_FILENO)
    }
}
