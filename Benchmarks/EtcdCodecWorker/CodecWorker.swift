// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// Encodes and decodes one message with EtcdWire, as told by its arguments.
///
/// ```
/// EtcdCodecWorker write MESSAGE VALUE-BYTES FILE     the message's bytes
/// EtcdCodecWorker check MESSAGE VALUE-BYTES FILE     fails unless FILE holds the same message
/// EtcdCodecWorker time  MESSAGE VALUE-BYTES encode|decode SECONDS
///                                                    nanoseconds of each operation, as JSON
/// EtcdCodecWorker repeat MESSAGE VALUE-BYTES encode|decode COUNT
///                                                    for a tool that counts instructions
/// ```
///
/// The worker of every codec takes these arguments.
@main
enum CodecWorker {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.count >= 4, let valueBytes = Int(arguments[3]) else {
            throw WorkerFailure("expected: COMMAND MESSAGE VALUE-BYTES …")
        }
        let rest = Array(arguments.dropFirst(3))
        let sample = try Sample.make(arguments[2], valueBytes: valueBytes)
        switch (arguments[1], rest.count) {
        case ("write", 1):
            try Data(try sample.encode()).write(to: URL(filePath: rest[0]))
        case ("check", 1):
            try sample.check(Array(Data(contentsOf: URL(filePath: rest[0]))))
        case ("time", 2):
            try Stopwatch(seconds: rest[1]).time(try sample.operation(rest[0]))
        case ("repeat", 2):
            guard let count = Int(rest[1]) else { throw WorkerFailure("COUNT is not a number") }
            let operation = try sample.operation(rest[0])
            for _ in 0..<count { try operation() }
        default:
            throw WorkerFailure("unknown command \(arguments[1])")
        }
    }
}

/// A measurement could not be made.
struct WorkerFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
