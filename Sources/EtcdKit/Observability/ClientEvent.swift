// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

/// What is counted and measured of a client.
enum ClientEvent: Sendable {
    /// A call is over, with the code of its error, `ok` or `cancelled`.
    case call(GRPCMethod, outcome: String, duration: Duration, retries: Int)
    case connectionOpened(String, ConnectionRole, isReconnection: Bool)
    case connectionFailed(String)
    case connectionEnded(String, ConnectionRole, wasLost: Bool)
    /// How many watches there are more than when it was last told, or less.
    case watches(change: Int)
    /// The same, for those whose consumers are behind.
    case suspendedWatches(change: Int)
    /// A watch goes on after its stream broke.
    case watchResumed
    /// A consumer took a batch that came this long ago.
    case watchBatchTaken(lag: Duration)
    /// How many leases are kept more than when it was last told, or less.
    case leases(change: Int)
    /// A renewal was confirmed this long before the lease would have counted as lost.
    case leaseRenewed(slack: Duration)
    case leaseLost(EtcdLeaseSession.LossReason)
}

/// Those who observe a client, beside its log; a client that has none pays a nil check.
struct ClientInstruments: Sendable {
    /// Counts and measures; called on any thread, must not block.
    var record: (@Sendable (ClientEvent) -> Void)?

    /// Begins to trace a call.
    var startSpan: (@Sendable (GRPCMethod) -> CallSpan)?

    /// Nil if there is nobody who observes.
    static func make(_ configuration: EtcdClient.Configuration) -> ClientInstruments? {
        var instruments = ClientInstruments()
        #if Metrics
        instruments.record = MetricsRecorder.make(configuration)
        #endif
        #if Tracing
        instruments.startSpan = CallTracing.make(configuration)
        #endif
        let isEmpty = instruments.record == nil && instruments.startSpan == nil
        return isEmpty ? nil : instruments
    }
}

/// One call, as it is traced.
struct CallSpan: Sendable {
    /// Headers that tell the server to which trace the call belongs.
    var headers: [(name: String, value: String)]
    /// The call goes to this endpoint.
    var attempted: @Sendable (Endpoint) -> Void
    /// It failed like this and is tried again.
    var retried: @Sendable (EtcdError) -> Void
    /// It is over, with gRPC's status if there was one, and the error.
    var ended: @Sendable (_ status: Int?, _ outcome: String, (any Error)?) -> Void
}
