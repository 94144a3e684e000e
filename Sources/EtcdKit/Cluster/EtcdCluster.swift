// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

extension EtcdClient {
    /// The members of the cluster: who they are, and changing that.
    public var cluster: EtcdCluster {
        EtcdCluster(client: self)
    }
}

/// The members of a cluster, as seen by a client.
///
/// ```swift
/// for member in try await client.cluster.members() {
///     print(member.id, member.name, member.clientURLs)
/// }
/// ```
///
/// Get it from ``EtcdClient/cluster``; it has the client's request timeout. One change of the
/// membership at a time is the rule: start each new member before the next change.
public struct EtcdCluster: Sendable {
    let client: EtcdClient

    /// Lists the members.
    ///
    /// - Parameter isLinearizable: Whether the list is up to date with all changes made before, for
    ///   which most members have to be connected; otherwise it is what the member that is asked
    ///   knows. Default: true. etcd 3.5 or newer: 3.4 always answers with what the member knows,
    ///   though it refuses when it is asked for more and has no leader.
    /// - Returns: The members, learners and those not started yet included.
    /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled.
    public func members(isLinearizable: Bool = true) async throws -> [EtcdMember] {
        let response = try await self.client.core.perform(
            isLinearizable ? ClusterRPC.list : ClusterRPC.serializableList,
            MemberListRequest(linearizable: isLinearizable),
            timeout: self.client.requestTimeout
        )
        return response.members.map { EtcdMember($0) }
    }

    /// Adds a member, which has to be started afterwards with `--initial-cluster-state existing`.
    ///
    /// A voting member counts for the majority as soon as it is added, running or not: with two
    /// members, adding a third that does not come up leaves no failure to survive. Adding it as a
    /// learner and promoting it once it has caught up avoids that.
    ///
    /// - Parameters:
    ///   - peerURLs: Where the other members will reach it, at least one URL with scheme, host and
    ///     port, such as `https://10.0.0.4:2380`.
    ///   - isLearner: Whether it only follows until it is promoted; etcd 3.4 or newer, which allow
    ///     one learner unless told otherwise. Default: false.
    /// - Returns: The new member with its ID.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/memberExists`` if a member has one of the URLs,
    ///   ``EtcdError/Code/unhealthyCluster`` if too few members are connected,
    ///   ``EtcdError/Code/tooManyLearners``, ``EtcdError/Code/invalidArgument`` for URLs that
    ///   cannot be right. ``EtcdError/Code/ambiguous`` if the answer was lost: look for the URLs
    ///   in ``members(isLinearizable:)`` before adding it again. `CancellationError` if the task
    ///   was cancelled; it may have been added then.
    public func addMember(
        peerURLs: [String],
        isLearner: Bool = false
    ) async throws -> EtcdMember {
        let response = try await self.client.core.perform(
            ClusterRPC.add,
            MemberAddRequest(peerURLs: try peerURLs.checkedPeerURLs(), isLearner: isLearner),
            timeout: self.client.requestTimeout
        )
        guard let member = response.member else {
            throw EtcdError(
                code: .malformedResponse,
                message: "the server added a member and did not say which; list the members"
            )
        }
        return EtcdMember(member)
    }

    /// Makes a voting member of a learner; etcd 3.4 or newer.
    ///
    /// - Parameter id: The learner, which must have caught up with the leader.
    /// - Returns: The members afterwards.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/learnerNotReady`` if it lags behind,
    ///   ``EtcdError/Code/memberNotFound``, ``EtcdError/Code/unhealthyCluster``;
    ///   ``EtcdError/Code/memberNotLearner`` if it votes already, perhaps by an earlier try of
    ///   this call whose answer was lost. `CancellationError` if the task was cancelled.
    @discardableResult
    public func promoteMember(_ id: EtcdMemberID) async throws -> [EtcdMember] {
        let response = try await self.client.core.perform(
            ClusterRPC.promote,
            MemberPromoteRequest(id: try id.checked()),
            timeout: self.client.requestTimeout
        )
        return response.members.map { EtcdMember($0) }
    }

    /// Changes where the other members reach a member.
    ///
    /// Do this first, then restart the member with the new URLs.
    ///
    /// - Parameters:
    ///   - id: The member.
    ///   - peerURLs: All its peer URLs from now on, at least one, each with scheme, host and port.
    ///     The server takes any text here, and a member that others cannot reach is lost to them.
    /// - Returns: The members afterwards.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/memberNotFound``,
    ///   ``EtcdError/Code/memberExists`` if another member has one of the URLs,
    ///   ``EtcdError/Code/invalidArgument`` for URLs that cannot be right. `CancellationError` if
    ///   the task was cancelled.
    @discardableResult
    public func updateMember(
        _ id: EtcdMemberID,
        peerURLs: [String]
    ) async throws -> [EtcdMember] {
        let response = try await self.client.core.perform(
            ClusterRPC.update,
            MemberUpdateRequest(
                id: try id.checked(),
                peerURLs: try peerURLs.checkedPeerURLs()
            ),
            timeout: self.client.requestTimeout
        )
        return response.members.map { EtcdMember($0) }
    }

    /// Removes a member, which then stops by itself.
    ///
    /// - Parameter id: The member.
    /// - Returns: The members that are left.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/unhealthyCluster`` if the others would be too few;
    ///   ``EtcdError/Code/memberNotFound`` if there is no such member, perhaps because an earlier
    ///   try of this call removed it and the answer was lost. `CancellationError` if the task was
    ///   cancelled.
    @discardableResult
    public func removeMember(_ id: EtcdMemberID) async throws -> [EtcdMember] {
        let response = try await self.client.core.perform(
            ClusterRPC.remove,
            MemberRemoveRequest(id: try id.checked()),
            timeout: self.client.requestTimeout
        )
        return response.members.map { EtcdMember($0) }
    }
}
