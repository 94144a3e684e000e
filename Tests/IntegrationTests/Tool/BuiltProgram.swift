// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation

/// The programs of this package, built next to the tests.
enum BuiltProgram {
    static let rollingLock = path("rolling-lock")
    static let demo = path("RollingRestartDemo")

    private static func path(_ name: String) -> String {
        let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        return tests.deletingLastPathComponent().appending(path: name).path
    }
}
