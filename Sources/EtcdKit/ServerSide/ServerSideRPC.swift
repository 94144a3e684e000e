// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

enum LockServiceRPC {
    private static let service = "v3lockpb.Lock"

    /// Not repeatable: the server takes a second request under the same lease for the same owner, and
    /// without a lease for another one.
    static let lock = RPC<LockRequest, LockResponse>(
        service: service,
        method: "Lock",
        isRepeatable: false
    )

    /// Not repeatable: it deletes by name, and the name comes back with the next lock of that lease.
    static let unlock = RPC<UnlockRequest, UnlockResponse>(
        service: service,
        method: "Unlock",
        isRepeatable: false
    )
}

enum ElectionServiceRPC {
    private static let service = "v3electionpb.Election"

    /// Not repeatable, for the reasons that ``LockServiceRPC/lock`` has.
    static let campaign = RPC<CampaignRequest, CampaignResponse>(
        service: service,
        method: "Campaign",
        isRepeatable: false
    )

    /// Not repeatable: it would undo a later proclamation.
    static let proclaim = RPC<ProclaimRequest, ProclaimResponse>(
        service: service,
        method: "Proclaim",
        isRepeatable: false
    )

    static let leader = RPC<LeaderRequest, LeaderResponse>(
        service: service,
        method: "Leader",
        isRepeatable: true
    )

    static let observe = RPC<LeaderRequest, LeaderResponse>(
        service: service,
        method: "Observe",
        isRepeatable: true
    )

    /// Repeatable because it deletes only the key with the create revision that was won.
    static let resign = RPC<ResignRequest, ResignResponse>(
        service: service,
        method: "Resign",
        isRepeatable: true
    )
}
