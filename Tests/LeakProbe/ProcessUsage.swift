// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitHeap
import Glibc

/// What a process has at a moment.
struct ProcessUsage {
    var descriptors: Int
    var threads: Int
    /// Bytes that malloc has given out and not got back; nil under a sanitizer, which brings a heap of
    /// its own, in which nothing is counted.
    var heap: Int?

    init() throws {
        self.descriptors = try Self.entries(of: "/proc/self/fd")
        self.threads = try Self.entries(of: "/proc/self/task")
        let info = mallinfo2()
        let heap = Int(info.uordblks + info.hblkhd)
        self.heap = heap == 0 ? nil : heap
    }

    /// What there is once the closing of connections, which nobody waits for, is done.
    ///
    /// - Parameter limit: Waits no longer than until it is reached; nil: until nothing changes.
    /// - Returns: What there is then, or after ten seconds.
    /// - Throws: If /proc cannot be read, or the task is cancelled.
    static func settled(below limit: ProcessUsage? = nil) async throws -> ProcessUsage {
        var last = try ProcessUsage()
        var calm = 0
        for _ in 0..<100 where calm < 5 {
            try await Task.sleep(for: .milliseconds(100))
            let now = try ProcessUsage()
            if let limit, now.isWithin(limit) { return now }
            calm = limit == nil && now.heap == last.heap ? calm + 1 : 0
            last = now
        }
        return last
    }

    /// The most that counts as unchanged: caches of the allocator and of the runtime vary a little,
    /// but not with the number of repetitions.
    func allowance(for count: Int) -> ProcessUsage {
        var limit = self
        limit.heap = limit.heap.map { $0 + (256 << 10) + count * 16 }
        return limit
    }

    func isWithin(_ limit: ProcessUsage) -> Bool {
        self.descriptors <= limit.descriptors && self.threads <= limit.threads
            && (self.heap ?? 0) <= (limit.heap ?? .max)
    }

    func difference(to other: ProcessUsage, times: Int) -> String {
        let counts =
            "\(other.descriptors) → \(self.descriptors) descriptors, "
            + "\(other.threads) → \(self.threads) threads, "
        guard let heap = self.heap, let before = other.heap else {
            return counts + "memory is not counted"
        }
        return counts + "\(before >> 10) → \(heap >> 10) KiB, \((heap - before) / times) bytes each"
    }

    private static func entries(of path: String) throws -> Int {
        guard let folder = unsafe opendir(path) else { throw ProbeFailure.unreadable(path) }
        defer { unsafe closedir(folder) }
        var count = 0
        while unsafe readdir(folder) != nil { count += 1 }
        return count
    }
}
