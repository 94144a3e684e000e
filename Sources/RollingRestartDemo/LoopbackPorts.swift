// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc

/// Finds free ports on 127.0.0.1.
enum LoopbackPorts {
    /// Some free ports outside the range from which the kernel takes the ports of outgoing
    /// connections: nobody gets one of them by accident while a service restarts.
    static func free(_ count: Int) throws -> [UInt16] {
        let outgoing = Self.outgoingRange()
        let candidates = (10_000...UInt16.max).filter { !outgoing.contains($0) }.shuffled()
        var found: [UInt16] = []
        for port in candidates where found.count < count {
            guard let listener = try? LoopbackListener(port: port) else { continue }
            listener.close()
            found.append(port)
        }
        guard found.count == count else { throw DemoFailure("too few free ports on 127.0.0.1") }
        return found
    }

    private static func outgoingRange() -> ClosedRange<UInt16> {
        let file = URL(filePath: "/proc/sys/net/ipv4/ip_local_port_range")
        let text = (try? Data(contentsOf: file)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let numbers = text.split(whereSeparator: \.isWhitespace).compactMap { UInt16($0) }
        guard numbers.count == 2, numbers[0] <= numbers[1] else { return 32768...60999 }
        return numbers[0]...numbers[1]
    }
}
