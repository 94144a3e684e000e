// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BenchmarkReport
import EtcdTestSupport
import Foundation

/// Lets both codecs encode and decode the same messages in turn and reports the medians.
@main
struct CodecBenchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures EtcdKit's codecs next to swift-protobuf, on the same messages."
    )

    @Option(help: "Also write the rows to this file, as a JSON array.")
    var json: String?

    @Option(help: "Rounds of each task; medians are reported.")
    var rounds: Int = 15

    @Option(help: "Length of each measurement.")
    var seconds: Double = 0.1

    @Flag(inversion: .prefixedNo, help: "Count instructions and allocations with valgrind.")
    var counts = true

    func validate() throws {
        guard self.rounds > 0, self.seconds > 0 else {
            throw ValidationError("Rounds and seconds must be above 0.")
        }
    }

    func run() async throws {
        try await CodecMessage.checkAll()
        var rows: [CodecRow] = []
        for task in CodecTask.all { rows += try await self.measure(task) }
        print("\nEtcdKit and swift-protobuf 1.39.0 in turn;")
        print("medians of \(self.rounds) rounds of \(self.seconds) s each\n")
        let table = ResultTable(rows)
        print(table.text)
        let comparisons = Comparison.all(in: rows)
        print("\nswift-protobuf / EtcdKit\n")
        print(ResultTable(comparisons).text)
        print("\nFigures to reach")
        print(comparisons.compactMap(\.figure).joined(separator: "\n"))
        if let json = self.json {
            try table.json.write(toFile: json, atomically: true, encoding: .utf8)
        }
    }

    /// Alternates the codecs, so that what slows the machine down for a while meets both.
    private func measure(_ task: CodecTask) async throws -> [CodecRow] {
        var samples: [Codec: [Heap: [Double]]] = [:]
        for round in 0..<self.rounds {
            let codecs = round.isMultiple(of: 2) ? Codec.allCases : Codec.allCases.reversed()
            for heap in Heap.allCases {
                for codec in codecs {
                    let median = try await codec.time(task, seconds: self.seconds, heap: heap)
                    samples[codec, default: [:]][heap, default: []].append(median)
                }
            }
        }
        var rows: [CodecRow] = []
        for codec in Codec.allCases {
            let row = CodecRow(
                task: task,
                codec: codec,
                microseconds: (samples[codec] ?? [:]).mapValues { median($0) / 1000 },
                counts: self.counts ? try await Counts(of: task, by: codec) : nil
            )
            Progress.show("\(task.name) \(codec.rawValue): \(row.microseconds[.kept] ?? 0) us")
            rows.append(row)
        }
        return rows
    }
}

/// The middle value; of an even number of values the upper one of the two.
func median(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.sorted()[values.count / 2]
}
