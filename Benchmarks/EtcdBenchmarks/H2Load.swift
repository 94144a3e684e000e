// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import BenchmarkReport
import EtcdTestSupport
import Foundation

/// The range workload by nghttp2's load generator: the least a client can spend on a request.
///
/// It posts the same framed request over one connection and looks at no answer.
struct H2Load {
    private static let program = "/usr/bin/h2load"

    let order: Order

    func measure() async throws -> RawMeasurement {
        guard case .range(let outstanding) = self.order.workload.kind else {
            throw BenchmarkFailure("h2load does range workloads only")
        }
        let folder = try TemporaryDirectory("h2load")
        let body = folder.path + "/body"
        let log = folder.path + "/log"
        guard FileManager.default.createFile(atPath: body, contents: Data(Self.request)) else {
            throw BenchmarkFailure("cannot write \(body)")
        }
        let arguments = [
            "--clients=1", "--threads=1", "--max-concurrent-streams=\(outstanding)",
            "--data=\(body)", "--header=content-type: application/grpc", "--header=te: trailers",
        ]
        let url = self.order.etcd.endpoint + "/etcdserverpb.KV/Range"

        let warmUp = try await ChildProcess.run(
            Self.program,
            arguments + ["--requests=\(self.order.workload.warmUp)", url]
        )
        try Self.check(warmUp)

        let seconds = Int(self.order.seconds.rounded(.up))
        let child = try await ChildProcess.start(
            Self.program,
            arguments + ["--duration=\(seconds)", "--log-file=\(log)", url]
        )
        var peakRSS = 0
        while child.isRunning {
            peakRSS = max(peakRSS, Self.peakRSS(of: child) ?? 0)
            try await Task.sleep(for: .milliseconds(100))
        }
        let output = await child.wait()
        try Self.check(output)
        return try Self.measurement(log: log, output, peakRSS: peakRSS)
    }

    /// A `RangeRequest` of one key (field 1), behind gRPC's prefix of a flag and a length.
    private static let request: [UInt8] = {
        let key = Array(RangeKey.key.utf8)
        let message = [0x0a, UInt8(key.count)] + key
        return [0, 0, 0, 0, UInt8(message.count)] + message
    }()

    /// The log has a line per request: start in microseconds, HTTP status, microseconds it took.
    private static func measurement(
        log: String,
        _ output: ChildProcess.Output,
        peakRSS: Int
    ) throws -> RawMeasurement {
        let data = FileManager.default.contents(atPath: log) ?? Data()
        var latencies: [Int] = []
        var first = Int.max
        var last = 0
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
            let columns = line.split(separator: "\t")
            guard columns.count >= 3, columns[1] == "200",
                let start = Int(columns[0]), let time = Int(columns[2])
            else { throw BenchmarkFailure("h2load: a request failed: \(line)") }
            latencies.append(time * 1000)
            first = min(first, start)
            last = max(last, start + time)
        }
        return RawMeasurement(
            latencies: latencies,
            elapsed: max(0, last - first) * 1000,
            processorTime: Int(output.processorTime / .nanoseconds(1)),
            peakRSS: peakRSS
        )
    }

    /// VmHWM in kB; nil once the process has ended.
    private static func peakRSS(of child: ChildProcess) -> Int? {
        FileManager.default.contents(atPath: "/proc/\(child.processID)/status").flatMap { status in
            String(decoding: status, as: UTF8.self).firstMatch(of: #/VmHWM:\s+(\d+)/#)
                .flatMap { Int($0.1) }
        }
    }

    /// h2load takes any HTTP answer for a success; one without the value would be a gRPC error.
    private static func check(_ output: ChildProcess.Output) throws {
        let text = output.standardOutput
        guard output.isSuccess,
            let requests = text.firstMatch(of: #/(\d+) succeeded, 0 failed/#).flatMap({ Int($0.1) }
            ),
            let bytes = text.firstMatch(of: #/\((\d+)\) data/#).flatMap({ Int($0.1) }),
            requests > 0, bytes > requests * RangeKey.value.utf8.count
        else { throw BenchmarkFailure("h2load: \(output)") }
    }
}
