// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Glibc
import Logging

/// Takes new endpoints from the `--config` file while a command waits for a lock or holds it.
///
/// Certificates and keys are read again by the client itself; their paths stay as they were at first.
struct ConnectionFollower: Sendable {
    private static let interval = Duration.seconds(1)

    /// What tells one state of a file from another.
    private struct Stamp: Equatable {
        var device: dev_t
        var inode: ino_t
        var size: off_t
        var seconds: time_t
        var nanoseconds: Int
    }

    private let options: ConnectionOptions
    private let environment: [String: String]
    private let path: String
    private var settings: ConnectionSettings
    private let logger = Logger(label: "rolling-lock")

    /// A follower, if there is a file to follow.
    init?(_ options: ConnectionOptions, environment: [String: String]) {
        guard let path = options.config,
            let settings = try? ConnectionSettings.gathered(
                from: options,
                environment: environment
            )
        else { return nil }
        self.options = options
        self.environment = environment
        self.path = path
        self.settings = settings
    }

    /// Follows the file until the task is cancelled.
    mutating func run(_ client: EtcdClient) async {
        // The file may have changed since the client was made of it: compared at once.
        var seen: Stamp?
        while !Task.isCancelled {
            // A file that is missing for a moment, or half written, is as good as the one before.
            if let stamp = self.stamp, stamp != seen {
                seen = stamp
                self.take(client)
            }
            try? await Task.sleep(for: Self.interval)
        }
    }

    private mutating func take(_ client: EtcdClient) {
        let settings: ConnectionSettings
        do {
            settings = try ConnectionSettings.gathered(
                from: self.options,
                environment: self.environment
            )
            guard settings != self.settings else { return }
            if let endpoints = settings.endpoints, endpoints != self.settings.endpoints {
                try client.cluster.replaceEndpoints(endpoints)
                self.logger.notice(
                    "the --config file has other endpoints; they are used from now on"
                )
            }
        } catch {
            self.logger.warning("the --config file has changed and cannot be used: \(error)")
            return
        }
        let isElsewhere =
            (settings.caFile, settings.certificateFile, settings.keyFile)
            != (self.settings.caFile, self.settings.certificateFile, self.settings.keyFile)
        if isElsewhere {
            self.logger.warning(
                "the --config file names other certificate files; they are used from the next start on"
            )
        }
        self.settings = settings
    }

    private var stamp: Stamp? {
        var status = stat()
        guard unsafe stat(self.path, &status) == 0 else { return nil }
        return Stamp(
            device: status.st_dev,
            inode: status.st_ino,
            size: status.st_size,
            seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec
        )
    }
}

extension EtcdClient {
    /// Begins to take new endpoints from the `--config` file.
    ///
    /// - Returns: A task to be cancelled; `nil` if there is no file.
    func follow(
        _ options: ConnectionOptions,
        environment: [String: String]
    ) -> Task<Void, Never>? {
        ConnectionFollower(options, environment: environment).map { follower in
            // Beside everything that the command does.
            Task {
                var follower = follower
                await follower.run(self)
            }
        }
    }
}
