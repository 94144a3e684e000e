// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Where contenders meet, and where in the store what they do can be seen.
package enum LockChaosNames {
    package static let clusterID = "chaos"
    package static let lock = "door"

    /// The key that only the lock's holder writes to, with its token as the value.
    package static let resource = "resource"

    package static let lockPrefix = "/rollingops/default/\(clusterID)/v1/\(lock)/"
    package static let queuePrefix = lockPrefix + "queue/"
    package static let releasedPrefix = lockPrefix + "released/"

    /// The unit does not change when its process is killed and started again.
    package static func unit(_ who: ContenderID) -> String { "app/\(who.slot)" }
}
