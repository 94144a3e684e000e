// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Tells the terminal what is going on, apart from the results.
package enum Progress {
    package static func show(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}
