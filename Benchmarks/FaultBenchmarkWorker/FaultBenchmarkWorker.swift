// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Glibc

/// Does the same thing for a while, whatever happens, and tells when each came to its end.
///
/// Arguments are `--endpoints` (with commas), `--workload` (`fault-put` or `fault-watch`),
/// `--seconds` and `--key`, each with a value. The output has a line for each put, when it began, when
/// it ended and how, or for each event, when it came and what it was; times in microseconds since
/// 1970.
@main
enum FaultBenchmarkWorker {
    static func main() async throws {
        var values: [String: String] = [:]
        var rest = CommandLine.arguments.dropFirst()
        while let name = rest.popFirst(), let value = rest.popFirst() { values[name] = value }
        guard let endpoints = values["--endpoints"], let key = values["--key"],
            let seconds = values["--seconds"].flatMap({ Double($0) })
        else {
            fatalError("--endpoints, --key or --seconds is missing")
        }
        let configuration = EtcdClient.Configuration(
            endpoints: endpoints.split(separator: ",").map(String.init)
        )
        let lines = try await withEtcdClient(configuration: configuration) { client in
            switch values["--workload"] {
            case "fault-put": await Self.put(client, key, seconds)
            case "fault-watch": await Self.watch(client, key, seconds)
            default: fatalError("the workload is unknown")
            }
        }
        print(lines.joined(separator: "\n"))
    }

    /// Begins a put every 10 ms, whether those before have ended or not.
    private static func put(
        _ client: EtcdClient,
        _ key: String,
        _ seconds: Double
    ) async -> [String] {
        let start = ContinuousClock.now
        return await withTaskGroup(of: String.self) { group in
            for index in 0..<Int(seconds * 100) {
                try? await Task.sleep(until: start + .milliseconds(10) * index, clock: .continuous)
                group.addTask {
                    let began = Self.now
                    let outcome: String
                    do {
                        try await client.put("\(key)/\(index % 100)", "\(index)")
                        outcome = "ok"
                    } catch let error as EtcdError where error.code == .ambiguous {
                        outcome = "ambiguous"
                    } catch {
                        outcome = "error"
                    }
                    return "\(began) \(Self.now) \(outcome)"
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    private static func watch(
        _ client: EtcdClient,
        _ key: String,
        _ seconds: Double
    ) async -> [String] {
        await withTaskGroup(of: [String].self) { group in
            group.addTask {
                var lines: [String] = []
                do {
                    let watch = try await client.watch(.key(EtcdBytes(key)))
                    for try await batch in watch {
                        for event in batch.events {
                            lines.append("\(Self.now) \(event.keyValue.value.string ?? "")")
                        }
                    }
                } catch {
                    // The end of the time, or of the watch; what came until then counts.
                }
                return lines
            }
            try? await Task.sleep(for: .seconds(seconds))
            group.cancelAll()
            return await group.next() ?? []
        }
    }

    private static var now: Int64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
