// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The folder of Package.swift, found from where this file was compiled.
package enum PackageRoot {
    package static let path: String = {
        let components = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return components.dropLast(3).joined(separator: "/")
    }()
}
