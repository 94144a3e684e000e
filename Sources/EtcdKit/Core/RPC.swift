// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire

/// One method of etcd, with the types of its messages and what may be done with a call of it.
struct RPC<Request: WireMessage, Response: WireMessage>: Sendable {
    let method: GRPCMethod

    /// Whether a member without a leader shall refuse at once.
    ///
    /// That way the refusal proves that nothing was executed, where otherwise a timeout would leave
    /// it open. Only what one member can do on its own goes without.
    let requiresLeader: Bool

    /// Whether calling it twice does the same as calling it once.
    let isRepeatable: Bool

    /// Whether the call carries the token; all do except the one that gets it.
    let needsToken: Bool

    init(
        service: String,
        method: String,
        requiresLeader: Bool = true,
        isRepeatable: Bool,
        needsToken: Bool = true
    ) {
        self.method = GRPCMethod(service: service, method: method)
        self.requiresLeader = requiresLeader
        self.isRepeatable = isRepeatable
        self.needsToken = needsToken
    }
}
