// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Asks a member how it is.
package struct StatusRequest: EmptyMessage {
    package init() {}
}

/// How a member is: its version, its store and its place in the cluster.
package struct StatusResponse: StoreResponse {
    package var header: ResponseHeader?
    package var version = ""
    package var dbSize: Int64 = 0
    package var leader: UInt64 = 0
    package var raftIndex: UInt64 = 0
    package var raftTerm: UInt64 = 0
    package var raftAppliedIndex: UInt64 = 0
    package var errors: [String] = []
    package var dbSizeInUse: Int64 = 0
    package var isLearner = false
    package var storageVersion = ""
    package var dbSizeQuota: Int64 = 0
    package var downgradeInfo: DowngradeInfo?

    package init() {}

    package init(
        header: ResponseHeader? = nil,
        version: String = "",
        dbSize: Int64 = 0,
        leader: UInt64 = 0,
        raftIndex: UInt64 = 0,
        raftTerm: UInt64 = 0,
        raftAppliedIndex: UInt64 = 0,
        errors: [String] = [],
        dbSizeInUse: Int64 = 0,
        isLearner: Bool = false,
        storageVersion: String = "",
        dbSizeQuota: Int64 = 0,
        downgradeInfo: DowngradeInfo? = nil
    ) {
        self.header = header
        self.version = version
        self.dbSize = dbSize
        self.leader = leader
        self.raftIndex = raftIndex
        self.raftTerm = raftTerm
        self.raftAppliedIndex = raftAppliedIndex
        self.errors = errors
        self.dbSizeInUse = dbSizeInUse
        self.isLearner = isLearner
        self.storageVersion = storageVersion
        self.dbSizeQuota = dbSizeQuota
        self.downgradeInfo = downgradeInfo
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.version)
        encoder.write(3, self.dbSize)
        encoder.write(4, self.leader)
        encoder.write(5, self.raftIndex)
        encoder.write(6, self.raftTerm)
        encoder.write(7, self.raftAppliedIndex)
        encoder.write(8, self.errors)
        encoder.write(9, self.dbSizeInUse)
        encoder.write(10, self.isLearner)
        encoder.write(11, self.storageVersion)
        encoder.write(12, self.dbSizeQuota)
        encoder.write(13, self.downgradeInfo)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.version)
        case 3: try decoder.read(&self.dbSize)
        case 4: try decoder.read(&self.leader)
        case 5: try decoder.read(&self.raftIndex)
        case 6: try decoder.read(&self.raftTerm)
        case 7: try decoder.read(&self.raftAppliedIndex)
        case 8: try decoder.read(&self.errors)
        case 9: try decoder.read(&self.dbSizeInUse)
        case 10: try decoder.read(&self.isLearner)
        case 11: try decoder.read(&self.storageVersion)
        case 12: try decoder.read(&self.dbSizeQuota)
        case 13: try decoder.read(&self.downgradeInfo)
        default: try decoder.skip()
        }
    }
}
