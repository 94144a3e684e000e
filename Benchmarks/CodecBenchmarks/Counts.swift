// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import BenchmarkReport
import EtcdTestSupport

/// What one operation takes, counted by valgrind: the same on a busy machine and on a quiet one.
struct Counts: Sendable {
    var instructions: Int
    /// Blocks asked of the heap.
    var allocations: Int

    private static let repetitions = 10

    /// Takes the difference of two runs, which leaves out what a process does once.
    init(of task: CodecTask, by codec: Codec) async throws {
        let (once, often) = (1, 1 + Self.repetitions)
        self.instructions =
            (try await Self.instructions(task, codec, often)
                - (try await Self.instructions(task, codec, once))) / Self.repetitions
        self.allocations =
            (try await Self.allocations(task, codec, often)
                - (try await Self.allocations(task, codec, once))) / Self.repetitions
    }

    private static func instructions(
        _ task: CodecTask,
        _ codec: Codec,
        _ times: Int
    ) async throws -> Int {
        let text = try await self.valgrind(
            ["--tool=callgrind", "--callgrind-out-file=/dev/null"],
            task,
            codec,
            times
        )
        guard let match = text.firstMatch(of: #/Collected : (\d+)/#), let count = Int(match.1)
        else { throw BenchmarkFailure("callgrind: \(text)") }
        return count
    }

    private static func allocations(
        _ task: CodecTask,
        _ codec: Codec,
        _ times: Int
    ) async throws -> Int {
        let text = try await self.valgrind(["--leak-check=no"], task, codec, times)
        guard let match = text.firstMatch(of: #/total heap usage: ([\d,]+) allocs/#),
            let count = Int(match.1.filter { $0 != "," })
        else { throw BenchmarkFailure("valgrind: \(text)") }
        return count
    }

    private static func valgrind(
        _ options: [String],
        _ task: CodecTask,
        _ codec: Codec,
        _ times: Int
    ) async throws -> String {
        let output = try await ChildProcess.run(
            "/usr/bin/valgrind",
            options + [codec.program, "repeat"] + task.message.arguments
                + [task.operation.rawValue, "\(times)"],
            environment: .minimal(adding: ["SWIFT_DETERMINISTIC_HASHING": "1"])
        )
        guard output.isSuccess else { throw BenchmarkFailure("valgrind: \(output)") }
        return output.standardError
    }
}
