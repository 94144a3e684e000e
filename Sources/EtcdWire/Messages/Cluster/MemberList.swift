// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Asks for the members of the cluster.
package struct MemberListRequest: WireMessage {
    package var linearizable = false

    package init() {}

    package init(linearizable: Bool = false) {
        self.linearizable = linearizable
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.linearizable)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.linearizable)
        default: try decoder.skip()
        }
    }
}

/// The members of the cluster.
package struct MemberListResponse: MembersMessage {
    package var header: ResponseHeader?
    package var members: [Member]

    package init(header: ResponseHeader? = nil, members: [Member] = []) {
        self.header = header
        self.members = members
    }
}
