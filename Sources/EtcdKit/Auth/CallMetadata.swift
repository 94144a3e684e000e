// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

/// The request headers that etcd's calls carry, made once per token.
struct CallMetadata: Sendable {
    /// Counts the tokens of a client; a later one has a higher number.
    let generation: UInt64

    /// For calls that a member without a leader shall refuse at once.
    let withLeader: GRPCMetadata

    /// For calls that one member can answer on its own.
    let withoutLeader: GRPCMetadata

    /// Whether the token holds only until users or roles are changed, as a JWT does.
    ///
    /// What is not of that form is taken for one of etcd's simple tokens.
    let isBoundToRevision: Bool

    init(token: String?, generation: UInt64) {
        self.generation = generation
        self.isBoundToRevision = token?.utf8.count { $0 == UInt8(ascii: ".") } == 2
        let entries = token.map { [(name: "token", value: $0)] } ?? []
        self.withLeader = GRPCMetadata(entries + [(name: "hasleader", value: "true")])
        self.withoutLeader = entries.isEmpty ? .none : GRPCMetadata(entries)
    }
}
