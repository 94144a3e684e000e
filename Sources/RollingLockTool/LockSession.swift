// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EtcdKit
import FoundationEssentials
import RollingLock

/// What the commands that work on a lock have in common: who asks, where it is told, how it ends.
struct LockSession: Sendable {
    let options: LockOptions
    let unit: String
    let environment: [String: String]
    let reporter: EventReporter

    /// Runs a command to its status; a failure is told and becomes one.
    ///
    /// - Throws: `ExitCode`, always.
    static func run(
        _ options: LockOptions,
        _ output: OutputOptions,
        waitingLimit: Duration? = nil,
        _ body: (LockSession) async throws -> Int32
    ) async throws -> Never {
        output.bootstrapLogging()
        let environment = ProcessInfo.processInfo.environment
        let session: LockSession
        do {
            let unit = try options.resolvedUnit(environment: environment)
            session = LockSession(
                options: options,
                unit: unit,
                environment: environment,
                reporter: EventReporter(style: output.style, lock: options.lock, unit: unit)
            )
        } catch let failure as ToolFailure {
            StandardStream.error.write("rolling-lock: \(failure.message)\n")
            throw ExitCode(failure.status)
        }
        let status: Int32
        do {
            status = try await body(session)
        } catch {
            let failure = ToolFailure(error, waitingLimit: waitingLimit)
            session.reporter.report(.failed) {
                $0.status = failure.status
                $0.reason = failure.message
            }
            status = failure.status
        }
        await session.reporter.finish()
        throw ExitCode(status)
    }

    /// Uses the lock, and lets go of it and of etcd in the end.
    func withLock<Result>(
        _ connection: ConnectionOptions,
        ttl: Duration,
        sharing: SharingOptions? = nil,
        _ body: (RollingLock) async throws -> Result
    ) async throws -> Result {
        let client = try EtcdClient.connecting(by: connection, environment: self.environment)
        let following = client.follow(connection, environment: self.environment)
        defer { following?.cancel() }
        let lock: RollingLock
        do {
            var configuration = RollingLock.Configuration(
                root: self.options.root,
                clusterID: self.options.clusterID,
                name: self.options.lock,
                unit: self.unit,
                leaseTTL: ttl
            )
            try sharing?.apply(to: &configuration)
            lock = try RollingLock(client: client, configuration: configuration)
        } catch {
            await client.shutdown()
            throw error
        }
        do {
            let result = try await body(lock)
            await lock.shutdown()
            await client.shutdown()
            return result
        } catch {
            await lock.shutdown()
            await client.shutdown()
            throw error
        }
    }

    /// What every command that is run finds in its environment.
    var variables: [String: String] {
        [
            "ROLLING_LOCK_NAME": self.options.lock,
            "ROLLING_LOCK_CLUSTER_ID": self.options.clusterID,
            "ROLLING_LOCK_UNIT": self.unit,
        ]
    }

    /// What a command that runs under the lock finds in its environment.
    func variables(for hold: RollingLockHold) -> [String: String] {
        self.variables.merging([
            "ROLLING_LOCK_KEY": hold.key.string ?? "",
            "ROLLING_LOCK_LEASE": "\(hold.leaseID)",
            "ROLLING_LOCK_FENCING_TOKEN": "\(hold.fencingToken.rawValue)",
        ]) { $1 }
    }

    /// Refuses to wait for a lock that the caller of this process holds: it would wait for ever.
    func checkThatItIsNotInside(_ lock: RollingLock) async throws {
        // The variable alone proves nothing: a daemon may have inherited it long ago.
        guard let outer = self.environment["ROLLING_LOCK_KEY"], !outer.isEmpty else { return }
        guard try await lock.queue().tickets.contains(where: { $0.key.string == outer }) else {
            return
        }
        throw ToolFailure.usage(
            "this already runs under lock \(self.options.lock) and would wait for itself; "
                + "use another --lock or run the command directly"
        )
    }

    func interrupted(by signal: Int32) -> Int32 {
        self.reporter.report(.interrupted) { $0.signal = signal }
        return ExitStatus.signal(signal)
    }
}
