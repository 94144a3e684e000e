// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire

/// One method of etcd, with the types of its messages and what may be done with a call of it.
///
/// Servers differ in age in two ways:
///
/// - A *method* that a server lacks is refused by it (UNIMPLEMENTED). ``since`` turns that into an
///   error that says which etcd is needed; nothing was executed.
/// - A *field* that a server does not know is skipped by it without a word, and the call succeeds
///   as if the field were not there. So each public option that is a younger field says "etcd 3.x
///   or newer" and what an older server does instead. That suffices where the result is only less
///   than was asked for (a member list that may be old). Where it would be something else than was
///   asked for (a password that is not set, an answer that never comes), the function makes sure
///   first, by the server's version, or tells by the answer, and throws
///   ``EtcdError/Code/unsupported``.
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

    /// Whether an answer shows everything that was acknowledged before the call was made.
    let isUpToDate: Bool

    /// Whether the answer is due soon, so that waiting for it says something about the member.
    let isPrompt: Bool

    /// Whether the member is judged by the agreement of all while it waits: what a member does on its own
    /// it may do well when it has lost the others.
    var isJudged: Bool { self.isPrompt && self.requiresLeader }

    /// The first etcd release that has the method, such as "3.5"; nil for those that every etcd 3 has.
    let since: String?

    init(
        service: String,
        method: String,
        since: String? = nil,
        requiresLeader: Bool = true,
        isRepeatable: Bool,
        isUpToDate: Bool = false,
        needsToken: Bool = true,
        isPrompt: Bool = true
    ) {
        self.since = since
        self.method = GRPCMethod(service: service, method: method)
        self.requiresLeader = requiresLeader
        self.isRepeatable = isRepeatable
        self.isUpToDate = isUpToDate
        self.needsToken = needsToken
        self.isPrompt = isPrompt
    }
}
