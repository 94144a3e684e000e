// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Where a unit keeps what must survive its processes.
struct StateOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The folder for what must survive a process or a reboot.",
            discussion: "Default: /var/lib/rolling-lock for root, otherwise "
                + "$XDG_STATE_HOME/rolling-lock or ~/.local/state/rolling-lock. It must not be "
                + "emptied at boot. Each lock and unit has a folder of its own in it.",
            valueName: "folder"
        )
    )
    var stateDir: String?

    /// The folder of one lock and unit.
    func directory(
        _ lock: LockOptions,
        unit: String,
        environment: [String: String]
    ) throws -> StateDirectory {
        StateDirectory(
            base: try self.stateDir ?? StateDirectory.defaultBase(environment: environment),
            clusterID: lock.clusterID,
            lock: lock.lock,
            unit: unit
        )
    }
}
