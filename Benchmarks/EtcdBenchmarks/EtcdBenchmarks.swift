// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Compares EtcdKit with other clients on a real etcd.
@main
struct EtcdBenchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Measures EtcdKit next to Go's clientv3 and h2load, on one etcd it starts itself.",
        subcommands: [RunCommand.self, WorkerCommand.self],
        defaultSubcommand: RunCommand.self
    )
}
