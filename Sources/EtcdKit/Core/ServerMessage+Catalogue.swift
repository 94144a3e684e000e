// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension ServerMessage {
    /// What is known of the server's errors, by their texts without wrapping.
    ///
    /// The texts are those of etcd 3.4 to 3.7. Several of them can mean one error: modules word it
    /// in their own way, and where a server forgets to translate, their words come through.
    static let catalogue: [String: ServerMessage] = Self.requests
        .merging(Self.states) { first, _ in first }
        .merging(Self.members) { first, _ in first }
        .merging(Self.users) { first, _ in first }
        .merging(Self.elections) { first, _ in first }

    /// Texts that go on with something that varies.
    static let beginnings: [(text: String, meaning: ServerMessage)] = [
        (
            "request timed out",
            .init(
                .unavailable,
                .unknown,
                .elsewhere,
                hint: "the members did not agree in time; look whether the cluster has a leader"
            )
        ),
        (
            "grpc: received message larger than max",
            .init(.requestTooLarge, hint: Self.requestSizeHint)
        ),
        (
            "grpc: trying to send message larger than max",
            .init(.responseTooLarge, .unknown, hint: "ask for less at a time")
        ),
        ("unknown service", .init(.unsupported)),
        ("unknown method", .init(.unsupported)),
    ]

    private static let requestSizeHint =
        "the server's limit is 1.5 MiB unless set by --max-request-bytes"

    /// About what was asked for.
    private static let requests: [String: ServerMessage] = [
        "key is not provided": .init(.invalidArgument, hint: "give a key that is not empty"),
        "value is provided": .init(
            .invalidArgument,
            hint: "leave the value empty where the old one is to be kept"
        ),
        "lease is provided": .init(
            .invalidArgument,
            hint: "give no lease where the old one is to be kept"
        ),
        "invalid sort option": .init(
            .invalidArgument,
            hint: "the server does not know this order"
        ),
        "invalid client api version": .init(
            .invalidArgument,
            hint: "the server takes no calls of this client's version"
        ),
        "key not found": .init(
            .keyNotFound,
            hint: "a put that keeps the old value or lease needs a key that is there"
        ),
        "too many operations in txn request": .init(
            .tooManyOperations,
            hint: "the server's limit is 128 unless set by --max-txn-ops"
        ),
        "duplicate key given in txn request": .init(
            .duplicateKey,
            hint: "write each key once, and delete no range with a key that is put"
        ),
        "request is too large": .init(.requestTooLarge, hint: Self.requestSizeHint),
        "required revision has been compacted": .init(
            .compacted,
            hint: "read at a newer revision"
        ),
        "required revision is a future revision": .init(
            .futureRevision,
            hint: "read at a revision that an answer has told of"
        ),
        "requested lease not found": .init(.leaseNotFound, hint: Self.leaseHint),
        "lease not found": .init(.leaseNotFound, hint: Self.leaseHint),
        "lease already exists": .init(
            .leaseExists,
            hint: "choose another ID, or let the client choose one"
        ),
        "too large lease TTL": .init(
            .leaseTTLTooLarge,
            hint: "the longest is 9000000000 seconds"
        ),
        "watch canceled": .init(
            .watchCancelled,
            hint: "watch again from the last revision that was seen"
        ),
        "duplicate watch ID provided on the WatchStream": .init(
            .invalidArgument,
            hint: "choose another ID, or let the client choose one"
        ),
        "watcher range is empty": .init(
            .invalidArgument,
            hint: "the end of the range must be greater than its beginning"
        ),
    ]

    private static let leaseHint = "it has expired or was revoked; grant a new one"

    /// About how the server and its cluster are.
    private static let states: [String: ServerMessage] = [
        "database space exceeded": .init(.noSpace, hint: Self.spaceHint),
        "no space": .init(.noSpace, hint: Self.spaceHint),
        "corrupt cluster": .init(
            .corrupt,
            hint:
                "compare the members by hashKV, replace the one that differs, then disarm the alarm"
        ),
        "too many requests": .init(
            .tooManyRequests,
            .no,
            .later,
            hint: "the server is behind with its work; send less"
        ),
        "no leader": .init(.noLeader, .no, .elsewhere, hint: Self.leaderHint),
        "raft proposal dropped": .init(.noLeader, .no, .later, hint: Self.leaderHint),
        "not a primary lessor": .init(.noLeader, .no, .elsewhere, hint: Self.leaderHint),
        "leader changed": .init(.noLeader, .unknown, .later, hint: Self.leaderHint),
        "rpc not supported for learner": .init(
            .unsupported,
            .no,
            .elsewhere,
            hint: "ask a voting member, or read serializably"
        ),
        "not capable": .init(
            .unsupported,
            .no,
            .elsewhere,
            hint: "the cluster is starting, or has a member older than etcd 3"
        ),
        "server stopped": .init(.unavailable, .unknown, .elsewhere, hint: Self.stopHint),
        "stopped": .init(.unavailable, .unknown, .elsewhere, hint: Self.stopHint),
        "closed": .init(.unavailable, .unknown, .elsewhere, hint: Self.stopHint),
        "request canceled": .init(.unavailable, .unknown, .elsewhere, hint: Self.cancelHint),
        "request cancelled": .init(.unavailable, .unknown, .elsewhere, hint: Self.cancelHint),
        "context canceled": .init(.unavailable, .unknown, .elsewhere, hint: Self.cancelHint),
        "context deadline exceeded": .init(
            .unavailable,
            .unknown,
            .elsewhere,
            hint: Self.cancelHint
        ),
        "waiting for node to catch up its applied index has timed out": .init(
            .unavailable,
            .no,
            .elsewhere,
            hint: "the member is behind the others; ask another one"
        ),
    ]

    private static let spaceHint = "compact and defragment, then disarm the alarm"
    private static let leaderHint =
        "the cluster goes on by itself once most of its members are connected"
    private static let stopHint = "the server is going down; ask another one"
    private static let cancelHint = "the server gave the request up; it may be overloaded"

    /// About the members of the cluster.
    private static let members: [String: ServerMessage] = [
        "member not found": .init(.memberNotFound, hint: "list the members for their IDs"),
        "member ID already exist": .init(
            .memberExists,
            hint: "list the members; add the new one with other peer URLs"
        ),
        "Peer URLs already exists": .init(
            .memberExists,
            hint: "a member has one of these peer URLs; update or remove it"
        ),
        "given member URLs are invalid": .init(
            .invalidArgument,
            hint: "peer URLs are like https://10.0.0.1:2380, with scheme and port"
        ),
        "can only promote a learner member": .init(
            .memberNotLearner,
            hint: "the member votes already"
        ),
        "can only promote a learner member which is in sync with leader": .init(
            .learnerNotReady,
            hint: "promote it later, once it has caught up"
        ),
        "too many learner members in cluster": .init(
            .tooManyLearners,
            hint: "promote or remove a learner first"
        ),
        "re-configuration failed due to not enough started members": .init(
            .unhealthyCluster,
            hint: "start the members that are not running, or remove them first"
        ),
        "unhealthy cluster": .init(
            .unhealthyCluster,
            hint: "wait until the members have been connected for a while"
        ),
        "not leader": .init(.notLeader, hint: "ask the leader, which status names"),
        "bad leader transferee": .init(
            .invalidArgument,
            hint: "the new leader must be a voting member of the cluster"
        ),
        "cluster ID mismatch": .init(
            .internalError,
            hint: "a member has data of another cluster"
        ),
        "wrong downgrade target version format": .init(
            .invalidArgument,
            hint: "write the version like 3.5.0"
        ),
        "invalid downgrade target version": .init(
            .invalidArgument,
            hint: "the version must be one minor version below the cluster's"
        ),
        "cluster has a downgrade job in progress": .init(
            .downgradeInProgress,
            hint: "finish or cancel it first"
        ),
        "no inflight downgrade job": .init(
            .noDowngradeInProgress,
            hint: "there is nothing to cancel"
        ),
        "cluster version not found during downgrade": .init(
            .unavailable,
            .no,
            .later,
            hint: "the members have yet to agree on the cluster's version"
        ),
    ]

    /// About users, roles and who may do what.
    private static let users: [String: ServerMessage] = [
        "permission denied": .init(
            .permissionDenied,
            hint: "the user needs a role with this permission; users and members are for root"
        ),
        "user name is empty": .init(
            .unauthenticated,
            .no,
            .newToken,
            hint: "the cluster wants a user: set the credentials or use a client certificate"
        ),
        "invalid auth token": .init(.unauthenticated, .no, .newToken, hint: Self.tokenHint),
        "revision of auth store is old": .init(
            .unauthenticated,
            .no,
            .newToken,
            hint: Self.tokenHint
        ),
        "revision in header is old": .init(.unauthenticated, .no, .newToken, hint: Self.tokenHint),
        "authentication failed, invalid user ID or password": .init(
            .authenticationFailed,
            hint: "look at user name and password, and whether the user has one"
        ),
        "authentication failed, password was given for no password user": .init(
            .authenticationFailed,
            hint: "the user has no password and comes in by a client certificate only"
        ),
        "authentication is not enabled": .init(
            .authenticationNotEnabled,
            hint: "enable it, or go without user and password"
        ),
        "token signing attempted with verify-only key": .init(
            .unsupported,
            hint: "the server has no private key for tokens; ask one that has"
        ),
        "root user does not exist": .init(
            .rootUserMissing,
            hint: "add the user root and grant it the role root"
        ),
        "root user does not have root role": .init(
            .rootUserMissing,
            hint: "grant the user root the role root"
        ),
        "invalid auth management": .init(
            .invalidArgument,
            hint: "while authentication is enabled the user root keeps its role, and both stay; "
                + "the end of a permission's range must be greater than its beginning"
        ),
        "user name not found": .init(.userNotFound, hint: Self.userHint),
        "user not found": .init(.userNotFound, hint: Self.userHint),
        "user name already exists": .init(.userExists, hint: Self.userExistsHint),
        "user already exists": .init(.userExists, hint: Self.userExistsHint),
        "role name not found": .init(.roleNotFound, hint: Self.roleHint),
        "role not found": .init(.roleNotFound, hint: Self.roleHint),
        "role name already exists": .init(.roleExists, hint: Self.roleExistsHint),
        "role already exists": .init(.roleExists, hint: Self.roleExistsHint),
        "role name is empty": .init(.invalidArgument, hint: "give the role a name"),
        "role is not granted to the user": .init(
            .roleNotGranted,
            hint: "look at the roles that the user has"
        ),
        "permission is not granted to the role": .init(
            .permissionNotGranted,
            hint: "revoke exactly the range that was granted"
        ),
        "permission not given": .init(.invalidArgument, hint: "say what is to be permitted"),
    ]

    private static let tokenHint =
        "the token has expired, or users or roles were changed; get another one"
    private static let userHint = "add the user first"
    private static let userExistsHint = "change the user's password or roles instead"
    private static let roleHint = "add the role first"
    private static let roleExistsHint = "grant it permissions instead"

    /// About the locks and elections that the server runs itself.
    private static let elections: [String: ServerMessage] = [
        "election: no leader": .init(.nobodyElected, hint: "nobody campaigns, or nobody has won"),
        "election: not leader": .init(
            .notElected,
            hint: "the key of the campaign is gone; campaign again"
        ),
        "\"leader\" field must be provided": .init(
            .invalidArgument,
            hint: "give what the campaign has returned"
        ),
        "mutex: session is expired": .init(.leaseNotFound, hint: Self.leaseHint),
    ]
}
