// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import BenchmarkReport
import EtcdTestSupport
import Foundation

/// Who encodes and decodes, in a process of its own.
enum Codec: String, CaseIterable, Sendable {
    case etcdkit
    case swiftProtobuf = "swift-protobuf"

    /// The worker; both take the same arguments.
    var program: String {
        switch self {
        case .etcdkit:
            // Built next to this program.
            URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
                .deletingLastPathComponent().path + "/EtcdCodecWorker"
        case .swiftProtobuf:
            PackageRoot.path
                + "/Benchmarks/Peers/SwiftProtobuf/.build/release/SwiftProtobufCodecWorker"
        }
    }

    @discardableResult
    func run(_ arguments: [String], heap: Heap = .trimmed) async throws -> ChildProcess.Output {
        guard FileManager.default.isExecutableFile(atPath: self.program) else {
            throw BenchmarkFailure("\(self.program) is not there; `make bench-codecs` builds it")
        }
        let output = try await ChildProcess.run(
            self.program,
            arguments,
            environment: .minimal(adding: heap.variables)
        )
        guard output.isSuccess else {
            throw BenchmarkFailure("\(self.rawValue) \(arguments): \(output.standardError)")
        }
        return output
    }

    /// The median of one measurement, in nanoseconds.
    func time(_ task: CodecTask, seconds: Double, heap: Heap) async throws -> Double {
        let output = try await self.run(
            ["time"] + task.message.arguments + [task.operation.rawValue, "\(seconds)"],
            heap: heap
        )
        let measurement = try JSONDecoder().decode(
            Measurement.self,
            from: Data(output.standardOutput.utf8)
        )
        guard !measurement.latencies.isEmpty else {
            throw BenchmarkFailure("\(self.rawValue) \(task.name): nothing measured")
        }
        return median(measurement.latencies)
    }

    private struct Measurement: Decodable {
        var latencies: [Double]

        enum CodingKeys: String, CodingKey {
            case latencies = "latencies_ns"
        }
    }
}

extension Heap {
    fileprivate var variables: [String: String] {
        switch self {
        case .kept:
            ["MALLOC_TRIM_THRESHOLD_": "1000000000", "MALLOC_MMAP_THRESHOLD_": "1000000000"]
        case .trimmed:
            [:]
        }
    }
}
