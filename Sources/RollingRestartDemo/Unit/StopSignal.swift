// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import ProcessControl
import Synchronization

/// SIGTERM as something that poll(2) can wait for.
struct StopSignal {
    private let readEnd: Int32

    init() throws {
        guard let pipe = PipeEnds() else { throw ValidationError("no pipe") }
        self.readEnd = pipe.readEnd
        stopWriteEnd.store(pipe.writeEnd, ordering: .sequentiallyConsistent)
        _ = signal(SIGTERM) { _ in
            var byte: UInt8 = 1
            _ = unsafe write(stopWriteEnd.load(ordering: .relaxed), &byte, 1)
        }
    }

    /// Waits some time at most; true when the signal came.
    func arrives(within milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: self.readEnd, events: Int16(POLLIN), revents: 0)
        // An interrupted poll was interrupted by the signal.
        return unsafe poll(&entry, 1, milliseconds) != 0
    }

    /// Waits for the signal or for a descriptor; true when the signal came.
    func arrives(orReadable descriptor: Int32) -> Bool {
        while true {
            var entries = [self.readEnd, descriptor].map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            guard unsafe poll(&entries, 2, -1) > 0 else { continue }
            return entries[0].revents != 0
        }
    }
}

private let stopWriteEnd = Atomic<Int32>(-1)
