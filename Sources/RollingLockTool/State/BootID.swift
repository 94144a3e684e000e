// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What tells one boot of the machine from another.
package enum BootID {
    /// The kernel's own identifier, empty where there is none.
    package static let current: String = {
        let descriptor = unsafe open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = unsafe read(descriptor, &buffer, buffer.count)
        let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        return String(text.prefix { $0 != "\n" })
    }()
}
