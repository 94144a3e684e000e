// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Glibc

/// Connects, watches and calls again and again, and says what is left of it: descriptors, threads and
/// memory.
///
/// A process of its own, so that nothing else has a part in the figures. Arguments: the endpoint, and
/// how often to do each, and what to leak on purpose, if anything (`memory`, `descriptors`). Ends with 1 if
/// something grows.
@main
enum LeakProbe {
    static func main() async {
        do {
            try await self.probe()
        } catch {
            // Thrown on, it would count as a crash, and end the process with a signal.
            let text = Array("\(error)\n".utf8)
            unsafe write(STDERR_FILENO, text, text.count)
            exit(1)
        }
    }

    private static func probe() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3, let count = Int(arguments[2]), count > 0 else {
            throw ProbeFailure.argumentsExpected
        }
        let work = ProbeWork(
            endpoint: arguments[1],
            leak: try arguments.dropFirst(3).first.map { name in
                guard let leak = ProbeWork.Leak(rawValue: name) else {
                    throw ProbeFailure.argumentsExpected
                }
                return leak
            }
        )
        // The first time, everything sets up what it keeps.
        for kind in ProbeWork.Kind.allCases {
            try await work.run(kind, times: max(count / 10, 100))
        }
        var isClean = true
        for kind in ProbeWork.Kind.allCases {
            try await work.run(kind, times: max(count / 10, 100))
            let before = try await ProcessUsage.settled()
            try await work.run(kind, times: count)
            let after = try await ProcessUsage.settled(below: before.allowance(for: count))
            print("\(kind): \(count) times, \(after.difference(to: before, times: count))")
            isClean = isClean && after.isWithin(before.allowance(for: count))
        }
        if !isClean { throw ProbeFailure.somethingIsLeft }
    }
}

enum ProbeFailure: Error {
    case argumentsExpected
    case somethingIsLeft
    case unreadable(String)
}
