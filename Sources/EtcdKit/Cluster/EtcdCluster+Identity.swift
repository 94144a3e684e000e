// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdCluster {
    /// The ID of the cluster that the client talks to, or nil before the first answer.
    ///
    /// The first member that answers decides. From then on an endpoint that belongs to another
    /// cluster is not used, and when none else is left calls fail with
    /// ``EtcdError/Code/clusterChanged``.
    public var id: UInt64? {
        self.client.core.identity.clusterID
    }

    /// Makes the client accept that its endpoints belong to another cluster now.
    ///
    /// That is how a client goes on after its cluster was replaced: by one that was built anew, or
    /// restored from a backup under another ID. It does not go on by itself, because whatever the
    /// program keeps of the old store, revisions above all, means nothing in the new one, and
    /// conditions on it could hold by chance. So first drop what was kept, then call this.
    ///
    /// The cluster that answers next is the client's from then on. Watches and mirrors that are
    /// open end with ``EtcdError/Code/clusterChanged``. It holds for all clients that share
    /// connections with this one.
    public func acceptReplacement() {
        self.client.core.acceptOtherCluster()
    }
}
