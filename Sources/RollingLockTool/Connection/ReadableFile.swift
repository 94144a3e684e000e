// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc

/// Reads small files, with errors that name the file and the cause.
enum ReadableFile {
    static func contents(of path: String, called name: String) throws -> Data {
        guard unsafe access(path, R_OK) == 0 else {
            throw ToolFailure.configuration(
                "\(name) \(path) cannot be read: \(unsafe String(cString: strerror(errno)))"
            )
        }
        do {
            return try Data(contentsOf: URL(filePath: path))
        } catch {
            throw ToolFailure.configuration("\(name) \(path) cannot be read: it is not a file")
        }
    }
}
