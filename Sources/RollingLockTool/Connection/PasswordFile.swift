// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc

/// A password kept in a file of its own.
enum PasswordFile {
    /// The first line of the file.
    ///
    /// A file that others may read is refused.
    static func read(_ path: String) throws -> String {
        let data = try ReadableFile.contents(of: path, called: "the password file")
        var status = stat()
        if unsafe stat(path, &status) == 0, status.st_mode & 0o077 != 0 {
            throw ToolFailure.configuration(
                "the password file \(path) can be read by other users; run: chmod 600 \(path)"
            )
        }
        let text = String(decoding: data, as: UTF8.self)
        let line = text.prefix { $0 != "\n" && $0 != "\r\n" && $0 != "\r" }
        guard !line.isEmpty else {
            throw ToolFailure.configuration("the password file \(path) has an empty first line")
        }
        return String(line)
    }
}
