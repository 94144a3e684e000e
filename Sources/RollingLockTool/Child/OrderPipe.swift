// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ProcessControl
import Synchronization

/// The pipe over which the launcher gets the word to go, or learns by its end that it is not to.
final class OrderPipe: Sendable {
    /// The end that the launcher opens by way of /proc: it inherits no descriptors.
    let readEnd: Int32
    private let writeEnd: Mutex<Int32>

    /// Makes a pipe.
    ///
    /// - Throws: ``ToolFailure`` when the process may not open more files.
    init() throws {
        guard let ends = PipeEnds() else {
            throw ToolFailure(status: ExitStatus.fault, message: "no pipe: too many open files")
        }
        self.readEnd = ends.readEnd
        self.writeEnd = Mutex(ends.writeEnd)
    }

    /// Gives the word: the variables, each ended by a zero, and one more zero.
    func give(_ variables: [String: String]) {
        var bytes: [UInt8] = []
        for (name, value) in variables { bytes += Array("\(name)=\(value)".utf8) + [0] }
        bytes.append(0)
        self.writeEnd.withLock { descriptor in
            // All of it fits into an empty pipe: names and keys are at most some hundred bytes.
            _ = unsafe write(descriptor, bytes, bytes.count)
        }
        self.close()
    }

    func close() {
        self.writeEnd.withLock { descriptor in
            if descriptor >= 0 { Glibc.close(descriptor) }
            descriptor = -1
        }
    }

    deinit {
        self.close()
        Glibc.close(self.readEnd)
    }
}
