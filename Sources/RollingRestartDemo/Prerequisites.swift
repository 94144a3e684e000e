// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc

/// The programs that the demo calls.
enum Prerequisites {
    private static let packages = [
        "etcd": "etcd-server", "etcdctl": "etcd-client", "openssl": "openssl",
        "setpriv": "util-linux",
    ]

    static func check() throws {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let missing = self.packages.filter { program, _ in
            !folders.contains { unsafe access("\($0)/\(program)", X_OK) == 0 }
        }
        guard missing.isEmpty else {
            throw DemoFailure(
                "not in PATH: \(missing.keys.sorted().joined(separator: ", ")); run: "
                    + "apt-get install \(missing.values.sorted().joined(separator: " "))"
            )
        }
        let tool = try OwnProgram.rollingLock()
        guard unsafe access(tool, X_OK) == 0 else {
            throw DemoFailure("rolling-lock is not built; run: swift build --product rolling-lock")
        }
    }
}

/// Where this program and its neighbour are.
enum OwnProgram {
    static func path() throws -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { throw DemoFailure("/proc is not mounted") }
        return String(
            decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
    }

    /// The command `rolling-lock` of the same build.
    static func rollingLock() throws -> String {
        let own = try self.path()
        return own[..<(own.lastIndex(of: "/") ?? own.startIndex)] + "/rolling-lock"
    }
}
