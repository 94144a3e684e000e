// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc

/// The file in which a service states its process ID.
struct PIDFile {
    let path: String

    func write() throws {
        try Data("\(getpid())\n".utf8).write(to: URL(filePath: self.path), options: .atomic)
    }

    func read() -> pid_t? {
        guard let data = try? Data(contentsOf: URL(filePath: self.path)) else { return nil }
        return pid_t(String(decoding: data, as: UTF8.self).prefix { $0.isNumber })
    }
}
