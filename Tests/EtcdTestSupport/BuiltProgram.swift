// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The programs of this package, built next to the tests.
package enum BuiltProgram {
    package static let rollingLock = path("rolling-lock")
    package static let demo = path("RollingRestartDemo")
    package static let chaos = path("Chaos")
    package static let allocationProbe = path("AllocationProbe")
    package static let leakProbe = path("LeakProbe")
    package static let holderProbe = path("HolderProbe")
    package static let lockContender = path("LockContender")

    private static func path(_ name: String) -> String {
        let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        return tests.deletingLastPathComponent().appending(path: name).path
    }
}
