// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What this process has used so far.
enum ProcessUsage {
    /// Processor time, user and system.
    static func processorTime() throws -> Duration {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else {
            throw WorkerFailure("getrusage: errno \(errno)")
        }
        return Duration(usage.ru_utime) + Duration(usage.ru_stime)
    }

    /// The most memory at once, in kB: VmHWM.
    ///
    /// Not `ru_maxrss`, which a child inherits from the process that started it.
    static func peakRSS() throws -> Int {
        let file = unsafe open("/proc/self/status", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = unsafe read(file, &bytes, bytes.count)
        let lines = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(
            separator: "\n"
        )
        guard let line = lines.first(where: { $0.hasPrefix("VmHWM:") }),
            let peak = Int(line.filter(\.isNumber))
        else { throw WorkerFailure("no VmHWM in /proc/self/status") }
        return peak
    }
}

extension Duration {
    fileprivate init(_ time: timeval) {
        self = .seconds(time.tv_sec) + .microseconds(time.tv_usec)
    }
}
