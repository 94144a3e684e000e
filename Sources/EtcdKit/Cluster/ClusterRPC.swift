// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

enum ClusterRPC {
    private static let service = "etcdserverpb.Cluster"

    static let list = RPC<MemberListRequest, MemberListResponse>(
        service: service,
        method: "MemberList",
        isRepeatable: true
    )

    /// What one member knows by itself, with or without a leader.
    static let serializableList = RPC<MemberListRequest, MemberListResponse>(
        service: service,
        method: "MemberList",
        requiresLeader: false,
        isRepeatable: true
    )

    // Changes of the membership are not prompt: etcd may drop one while an earlier one is not applied, and
    // leaves it without an answer then, however well the member serves.

    /// Not repeatable: a second try would be told that the member exists, and not its ID.
    static let add = RPC<MemberAddRequest, MemberAddResponse>(
        service: service,
        method: "MemberAdd",
        isRepeatable: false,
        isPrompt: false
    )

    /// Repeatable because the ID of a removed member is never given again.
    static let remove = RPC<MemberRemoveRequest, MemberRemoveResponse>(
        service: service,
        method: "MemberRemove",
        isRepeatable: true,
        isPrompt: false
    )

    /// Repeatable because it says what the URLs shall be.
    static let update = RPC<MemberUpdateRequest, MemberUpdateResponse>(
        service: service,
        method: "MemberUpdate",
        isRepeatable: true,
        isPrompt: false
    )

    /// Repeatable because nothing makes a learner of a member again.
    static let promote = RPC<MemberPromoteRequest, MemberPromoteResponse>(
        service: service,
        method: "MemberPromote",
        since: "3.4",
        isRepeatable: true,
        isPrompt: false
    )
}
