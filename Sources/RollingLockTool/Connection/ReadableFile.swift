// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc

/// Reads small files, with errors that name the file and the cause.
enum ReadableFile {
    /// The bytes of a file, or of standard input (`-`); no more than somewhat above a limit are read.
    static func bytes(of path: String, called name: String, limit: Int) throws -> [UInt8] {
        let descriptor =
            path == "-" ? dup(STDIN_FILENO) : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path, name) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= limit {
            let count = unsafe read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure(path, name) }
            if count == 0 { break }
            bytes += buffer.prefix(count)
        }
        return bytes
    }

    private static func failure(_ path: String, _ name: String) -> ToolFailure {
        .configuration(
            "\(name) \(path) cannot be read: \(unsafe String(cString: strerror(errno)))"
        )
    }

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

    /// The bytes of a file.
    static func bytes(of path: String, called name: String) throws -> [UInt8] {
        Array(try self.contents(of: path, called: name))
    }
}
