// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// What a process has used so far.
enum ProcessUsage {
    /// Processor time of this process, user and system.
    static func processorTime() throws -> Duration {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else {
            throw BenchmarkFailure("getrusage: errno \(errno)")
        }
        return Duration(usage.ru_utime) + Duration(usage.ru_stime)
    }

    /// The most memory a process had at once, in kB: VmHWM.
    static func peakRSS(of process: String = "self") -> Int? {
        guard let data = FileManager.default.contents(atPath: "/proc/\(process)/status") else {
            return nil
        }
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
            guard line.hasPrefix("VmHWM:") else { continue }
            return line.split(whereSeparator: { " \t".contains($0) }).dropFirst().first
                .flatMap { Int($0) }
        }
        return nil
    }
}

extension Duration {
    fileprivate init(_ time: timeval) {
        self = .seconds(time.tv_sec) + .microseconds(time.tv_usec)
    }
}

/// A measurement could not be made.
struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
