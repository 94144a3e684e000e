// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EtcdKit
import EtcdTestSupport
import Glibc
import Logging
import RollingLock

/// Asks for a lock again and again, holds it for moments, and tells a log everything that it does and
/// is told.
///
/// A process of its own, so that it can be killed and stopped.
@main
struct LockContender: AsyncParsableCommand {
    /// How a contender is wrong on purpose.
    enum Defect: String, ExpressibleByArgument, CaseIterable {
        /// It takes no notice of a loss, and uses what the lock protects without a fence.
        case careless
        /// It looks whether anybody holds the lock, and if not takes it: two steps.
        case naive
        /// It goes in when one is still ahead.
        case impatient
    }

    @Option(help: "The port of the log.")
    var log: UInt16

    @Option(help: "Its name in the log.")
    var name: String

    @Option(help: "An endpoint of etcd.")
    var endpoint: [String]

    @Option(help: "The file with the authority of the servers' certificates; no TLS if left out.")
    var authority: String?

    @Option var certificate: String?

    @Option var key: String?

    @Option(help: "The time to live of leases, in milliseconds.")
    var ttl: Int = 3000

    @Option var seed: UInt64 = 0

    @Option(help: "How it is wrong on purpose.")
    var broken: Defect?

    func run() async throws {
        _ = signal(SIGPIPE, SIG_IGN)
        LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
        guard let who = ContenderID(self.name) else { throw ValidationError("no name") }
        var configuration = EtcdClient.Configuration(
            endpoints: self.endpoint,
            tls: self.authority.map { authority in
                .init(
                    certificateAuthorities: .file(authority),
                    certificate: self.certificate.map { .file($0) },
                    privateKey: self.key.map { .file($0) }
                )
            }
        )
        configuration.asksForStatus = false
        let log = try LockLogClient(port: self.log, who)
        try await withEtcdClient(configuration: configuration) { client in
            var lockConfiguration = RollingLock.Configuration(
                clusterID: LockChaosNames.clusterID,
                name: LockChaosNames.lock,
                unit: LockChaosNames.unit(who),
                leaseTTL: .milliseconds(self.ttl)
            )
            // So that what is left behind stays to be seen, and does not go with the lease.
            lockConfiguration.idleTime = .seconds(600)
            // Those that are wrong on purpose have nothing between them and the next one.
            lockConfiguration.takeoverDelay = self.broken == nil ? .seconds(1) : .zero
            let lock = try RollingLock(client: client, configuration: lockConfiguration)
            let contender = Contender(
                who: who,
                log: log,
                client: client,
                lock: lock,
                leaseTTL: .milliseconds(self.ttl),
                defect: self.broken
            )
            try await contender.run(SeededGenerator(seed: self.seed))
            await lock.shutdown()
        }
        _ = try await log.say(.bye)
    }
}
