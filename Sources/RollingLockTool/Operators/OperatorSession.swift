// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import FoundationEssentials
import RollingLock

/// A lock that an operator looks at or changes: connected, and let go of afterwards.
enum OperatorSession {
    /// Runs a body with the lock; a failure is told on standard error and ends the tool.
    static func run(
        _ options: LockOptions,
        _ connection: ConnectionOptions,
        _ body: (RollingLock) async throws -> Void
    ) async throws {
        do {
            let environment = ProcessInfo.processInfo.environment
            let client = try EtcdClient.connecting(by: connection, environment: environment)
            do {
                let lock = try RollingLock(
                    client: client,
                    configuration: .init(
                        root: options.root,
                        clusterID: options.clusterID,
                        name: options.lock,
                        unit: try options.resolvedUnit(environment: environment)
                    )
                )
                try await body(lock)
                await lock.shutdown()
                await client.shutdown()
            } catch {
                await client.shutdown()
                throw error
            }
        } catch {
            throw ToolFailure(error).reported()
        }
    }
}
