// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc

/// The temporary folder of one run, readable by nobody else.
struct WorkFolder: Sendable {
    let path: String

    init() throws {
        let parent = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        var template = Array("\(parent)/rolling-restart-demo.XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else {
            throw DemoFailure("no temporary folder can be made in \(parent)")
        }
        self.path = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
    }

    /// A folder that another process made.
    init(existing path: String) { self.path = path }

    func file(_ name: String) -> String { "\(self.path)/\(name)" }

    func remove() { try? FileManager.default.removeItem(atPath: self.path) }
}

/// Ends the demo with a sentence.
struct DemoFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
