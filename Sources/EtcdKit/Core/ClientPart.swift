// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

/// A part of a client that is made on first use and lives as long as the client, such as what
/// multiplexes watches.
protocol ClientPart: AnyObject, Sendable {
    init(core: ClientCore)

    /// Ends the part in good order; the connections are closed afterwards.
    func shutdown() async

    /// Ends the part at once because nobody can use the client any more.
    func abandon()

    /// What the part knows of revisions means nothing any more.
    func storeChanged(_ error: EtcdError)

    /// Tells what it is doing at present.
    func report() async -> ClientPartReport
}

extension ClientPart {
    func storeChanged(_ error: EtcdError) {}
}

/// A stream that lives long, and what it was opened with.
struct ClientStream: Sendable {
    let stream: GRPCStream
    let connection: Connection
    let method: GRPCMethod

    /// The first etcd release that has the method; nil: all have it.
    let since: String?

    /// The generation of the token it carries; the server checks later requests on the stream
    /// against this token, however old it has become.
    let tokenGeneration: UInt64

    /// Which store it was that the client knew when the stream was opened.
    let storeEpoch: Int

    /// Whether an answer on the stream is of the client's cluster.
    func accepts(cluster id: UInt64, _ identity: ClusterIdentity) -> Bool {
        identity.accepts(cluster: id, epoch: self.storeEpoch)
    }

    var endpoint: Endpoint {
        self.connection.endpoint
    }
}
