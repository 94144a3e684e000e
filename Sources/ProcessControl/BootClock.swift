// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The machine's clock that counts since boot, through suspend: the same for all its processes.
package enum BootClock {
    /// Nanoseconds since boot.
    package static var nanoseconds: Int64 {
        var now = timespec()
        unsafe clock_gettime(CLOCK_BOOTTIME, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }
}

extension Duration {
    /// The duration in whole nanoseconds, for arithmetic with ``BootClock``.
    package var inNanoseconds: Int64 {
        let parts = self.components
        let (seconds, overflow) = parts.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return parts.seconds < 0 ? .min : .max }
        let (total, overflow2) = seconds.addingReportingOverflow(parts.attoseconds / 1_000_000_000)
        return overflow2 ? .max : total
    }

    /// The duration in seconds, for display.
    package var inSeconds: Double {
        let parts = self.components
        return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
    }
}
