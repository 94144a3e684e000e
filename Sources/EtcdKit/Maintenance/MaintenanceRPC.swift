// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// What one member does on its own goes without a leader: a member that lost it is just the one to
/// look at.
enum MaintenanceRPC {
    private static let service = "etcdserverpb.Maintenance"

    static let status = RPC<StatusRequest, StatusResponse>(
        service: service,
        method: "Status",
        requiresLeader: false,
        isRepeatable: true
    )

    /// Repeatable for all three actions: an alarm is raised or not, however often that is said.
    static let alarm = RPC<AlarmRequest, AlarmResponse>(
        service: service,
        method: "Alarm",
        isRepeatable: true
    )

    /// Not repeatable: it would stop the member a second time.
    ///
    /// It takes seconds, as do the hashes.
    static let defragment = RPC<DefragmentRequest, DefragmentResponse>(
        service: service,
        method: "Defragment",
        requiresLeader: false,
        isRepeatable: false,
        isPrompt: false
    )

    static let hash = RPC<HashRequest, HashResponse>(
        service: service,
        method: "Hash",
        requiresLeader: false,
        isRepeatable: true,
        isPrompt: false
    )

    static let hashKV = RPC<HashKVRequest, HashKVResponse>(
        service: service,
        method: "HashKV",
        since: "3.3",
        requiresLeader: false,
        isRepeatable: true,
        isPrompt: false
    )

    static let snapshot = RPC<SnapshotRequest, SnapshotResponse>(
        service: service,
        method: "Snapshot",
        requiresLeader: false,
        isRepeatable: true
    )

    /// Not repeated at the same member: by then another one may lead.
    static let moveLeader = RPC<MoveLeaderRequest, MoveLeaderResponse>(
        service: service,
        method: "MoveLeader",
        since: "3.3",
        isRepeatable: false
    )

    static let validateDowngrade = RPC<DowngradeRequest, DowngradeResponse>(
        service: service,
        method: "Downgrade",
        since: "3.5",
        isRepeatable: true
    )

    /// Enabling and cancelling: a second try would be told that there is a downgrade, or none.
    static let downgrade = RPC<DowngradeRequest, DowngradeResponse>(
        service: service,
        method: "Downgrade",
        since: "3.5",
        isRepeatable: false
    )
}
