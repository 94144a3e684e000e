// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The time between SIGTERM and SIGKILL, which is taken from the time left to the lease.
enum StopGrace {
    /// What is asked for, or a sixth of the lease.
    ///
    /// - Throws: ``ToolFailure`` when the lease is too short for it.
    static func checked(_ wanted: Duration?, ttl: Duration) throws -> Duration {
        guard ttl >= .seconds(2) else {
            throw ToolFailure.usage("--ttl must be at least 2s; etcd knows no shorter lease")
        }
        guard let wanted else { return ttl / 6 }
        guard wanted <= ttl / 3 else {
            throw ToolFailure.usage(
                "--stop-grace must be at most a third of --ttl "
                    + "(\(DurationText.format(ttl / 3))); raise --ttl or lower it"
            )
        }
        return wanted
    }
}
