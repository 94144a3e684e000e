// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// A member of the cluster.
public struct EtcdMember: Sendable, Hashable {
    /// The member's ID.
    public var id: EtcdMemberID

    /// The name it was started with; empty until it has been started.
    public var name: String

    /// Where the other members reach it.
    public var peerURLs: [String]

    /// Where it says that clients reach it; empty until it has been started.
    public var clientURLs: [String]

    /// Whether it only follows and does not vote; etcd 3.4 or newer.
    public var isLearner: Bool

    /// Whether it has been started since it was added.
    ///
    /// That says nothing about whether it runs now.
    public var isStarted: Bool {
        !self.name.isEmpty
    }

    /// Makes a member from its parts.
    ///
    /// - Parameters:
    ///   - id: the member's ID.
    ///   - name: its name.
    ///   - peerURLs: where other members reach it.
    ///   - clientURLs: where clients reach it.
    ///   - isLearner: whether it does not vote.
    public init(
        id: EtcdMemberID,
        name: String,
        peerURLs: [String],
        clientURLs: [String],
        isLearner: Bool
    ) {
        self.id = id
        self.name = name
        self.peerURLs = peerURLs
        self.clientURLs = clientURLs
        self.isLearner = isLearner
    }
}

extension EtcdMember {
    init(_ member: Member) {
        self.init(
            id: EtcdMemberID(member.id),
            name: member.name,
            peerURLs: member.peerURLs,
            clientURLs: member.clientURLs,
            isLearner: member.isLearner
        )
    }
}
