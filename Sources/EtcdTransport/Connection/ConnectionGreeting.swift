// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Looks at who is at the other end of a connection that is ready before anybody gets it.
///
/// Called on the event loop's thread with the connection, the number of endpoints to choose from
/// and the time by which it must be done. It calls back once on the same thread: with nil when the
/// connection will do, otherwise with the reason why the attempt to connect has failed.
package typealias ConnectionGreeting =
    @Sendable (
        _ connection: Connection,
        _ endpointCount: Int,
        _ deadline: ContinuousClock.Instant,
        _ outcome: @escaping @Sendable (ConnectionFailure?) -> Void
    ) -> Void
