// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdClient {
    /// The cluster that this client talks to; `nil` before the first answer.
    ///
    /// Answers of another cluster are refused, so it changes only when the client is given other
    /// endpoints or the cluster was restored from a backup.
    public var clusterID: UInt64? { self.core.identity.clusterID }
}
