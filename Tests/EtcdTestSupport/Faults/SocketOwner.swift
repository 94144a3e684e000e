// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// Tells by the kernel's tables which process has the other end of a loopback connection.
enum SocketOwner {
    /// Which of these processes has the socket with this local port that is connected to that one.
    static func processID(port: UInt16, connectedTo remote: UInt16, among: [Int32]) -> Int32? {
        guard let inode = self.inode(port: port, remote: remote) else { return nil }
        return among.first { self.has($0, "socket:[\(inode)]") }
    }

    private static func inode(port: UInt16, remote: UInt16) -> Substring? {
        guard let table = self.contents("/proc/net/tcp") else { return nil }
        let local = self.hex(port)
        let remote = self.hex(remote)
        for line in table.split(separator: "\n").dropFirst() {
            // Number, local and remote address:port, state, queues, timer, retransmissions, user,
            // timeout, inode.
            let fields = line.split(separator: " ", maxSplits: 10)
            guard fields.count > 9, fields[1].hasSuffix(local), fields[2].hasSuffix(remote) else {
                continue
            }
            return fields[9]
        }
        return nil
    }

    private static func hex(_ port: UInt16) -> String {
        let digits = String(port, radix: 16, uppercase: true)
        return ":" + String(repeating: "0", count: 4 - digits.count) + digits
    }

    private static func has(_ processID: Int32, _ name: String) -> Bool {
        let folder = "/proc/\(processID)/fd"
        guard let descriptors = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            return false
        }
        return descriptors.contains { descriptor in
            let target = try? FileManager.default.destinationOfSymbolicLink(
                atPath: "\(folder)/\(descriptor)"
            )
            return target == name
        }
    }

    /// The text of a file of the kernel's, whose size is not known beforehand.
    private static func contents(_ path: String) -> String? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe read(file, &chunk, chunk.count)
            guard count > 0 else { break }
            text += chunk[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }
}
