// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import ProcessControl

/// One line that a process of the demo reports: a service, a restart, an observer or
/// `rolling-lock --json`, whose names these are.
package struct Note: Codable, Sendable {
    package var event: String
    /// When it happened, on the clock that all processes of the machine share.
    package var time: Int64
    package var unit: String?
    package var pid: Int32?
    /// `rolling-lock`: the number of tickets ahead, and whose.
    package var place: Int?
    package var ahead: [String]?
    package var fencingToken: Int64?
    package var processGroup: Int32?
    package var reason: String?
    /// Observer: the bounds of an outage, see ``Observation``.
    package var certain: Int64?
    package var possible: Int64?
    /// Observer: how often it asked, and its longest pause.
    package var probes: Int?
    package var longestPause: Int64?

    private enum CodingKeys: String, CodingKey {
        case event, unit, pid, place, ahead, reason, certain, possible, probes
        case time = "boottime_ns"
        case fencingToken = "fencing_token"
        case processGroup = "process_group"
        case longestPause = "longest_pause_ns"
    }

    package init(_ event: String, unit: String? = nil) {
        self.event = event
        self.time = BootClock.nanoseconds
        self.unit = unit
    }

    /// Reads a line; nil if it is none of ours.
    package init?(line: String) {
        guard
            let note = try? JSONDecoder().decode(Note.self, from: Data(line.utf8))
        else { return nil }
        self = note
    }

    /// Writes the note as one line with one call, so that lines of several processes stay whole.
    func send(to descriptor: Int32) {
        guard var bytes = (try? JSONEncoder().encode(self)).map({ Array($0) }) else { return }
        bytes.append(UInt8(ascii: "\n"))
        _ = unsafe write(descriptor, bytes, bytes.count)
    }
}
