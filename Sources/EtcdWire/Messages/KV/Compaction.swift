// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Drops the history before a revision.
package struct CompactionRequest: WireMessage {
    package var revision: Int64 = 0
    package var physical = false

    package init() {}

    package init(revision: Int64 = 0, physical: Bool = false) {
        self.revision = revision
        self.physical = physical
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.revision)
        encoder.write(2, self.physical)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.revision)
        case 2: try decoder.read(&self.physical)
        default: try decoder.skip()
        }
    }
}

/// Answer to a compaction.
package struct CompactionResponse: HeaderOnlyMessage {
    package var header: ResponseHeader?

    package init(header: ResponseHeader? = nil) {
        self.header = header
    }
}
