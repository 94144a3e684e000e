// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc

/// Which lock, and who asks for it.
struct LockOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The cluster whose units take turns.",
            discussion: "Units that give the same cluster ID and lock stand in one queue.",
            valueName: "id"
        )
    )
    var clusterID: String

    @Option(help: ArgumentHelp("The lock within the cluster.", valueName: "name"))
    var lock = "default"

    @Option(
        help: ArgumentHelp(
            "This unit's name, shown to the others (default: $JUJU_UNIT_NAME, else the host name).",
            valueName: "name"
        )
    )
    var unit: String?

    @Option(
        help: ArgumentHelp(
            "The key that all clusters are kept under; etcd must grant <root>/<cluster id>/.",
            valueName: "key"
        )
    )
    var root = "/rollingops/default"

    /// The unit's name by the rule in the help.
    func resolvedUnit(environment: [String: String]) throws -> String {
        if let unit = self.unit { return unit }
        if let unit = environment["JUJU_UNIT_NAME"], !unit.isEmpty { return unit }
        var name = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&name, name.count - 1) == 0 else {
            throw ToolFailure.usage("this machine has no host name; say --unit <name>")
        }
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
