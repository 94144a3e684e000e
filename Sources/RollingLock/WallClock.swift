// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

extension RollingLockTimestamp {
    /// Now, by the wall clock of this machine.
    public static var now: RollingLockTimestamp {
        var time = timespec()
        // It fails for an unknown clock or a bad address only, and neither can be the case here;
        // the pointer is valid for the call.
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return RollingLockTimestamp(
            millisecondsSince1970: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
        )
    }
}
