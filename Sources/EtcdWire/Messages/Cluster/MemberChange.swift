// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Adds a member.
package struct MemberAddRequest: WireMessage {
    package var peerURLs: [String] = []
    package var isLearner = false

    package init() {}

    package init(peerURLs: [String] = [], isLearner: Bool = false) {
        self.peerURLs = peerURLs
        self.isLearner = isLearner
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.peerURLs)
        encoder.write(2, self.isLearner)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.peerURLs)
        case 2: try decoder.read(&self.isLearner)
        default: try decoder.skip()
        }
    }
}

/// The new member, and all members.
package struct MemberAddResponse: StoreResponse {
    package var header: ResponseHeader?
    package var member: Member?
    package var members: [Member] = []

    package init() {}

    package init(header: ResponseHeader? = nil, member: Member? = nil, members: [Member] = []) {
        self.header = header
        self.member = member
        self.members = members
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.member)
        encoder.write(3, self.members)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.member)
        case 3: try decoder.read(&self.members)
        default: try decoder.skip()
        }
    }
}

/// Removes a member.
package struct MemberRemoveRequest: WireMessage {
    package var id: UInt64 = 0

    package init() {}

    package init(id: UInt64 = 0) {
        self.id = id
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.id)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.id)
        default: try decoder.skip()
        }
    }
}

/// The members that are left.
package struct MemberRemoveResponse: MembersMessage {
    package var header: ResponseHeader?
    package var members: [Member]

    package init(header: ResponseHeader? = nil, members: [Member] = []) {
        self.header = header
        self.members = members
    }
}

/// Gives a member other peer URLs.
package struct MemberUpdateRequest: WireMessage {
    package var id: UInt64 = 0
    package var peerURLs: [String] = []

    package init() {}

    package init(id: UInt64 = 0, peerURLs: [String] = []) {
        self.id = id
        self.peerURLs = peerURLs
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.id)
        encoder.write(2, self.peerURLs)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.id)
        case 2: try decoder.read(&self.peerURLs)
        default: try decoder.skip()
        }
    }
}

/// The members after a change of peer URLs.
package struct MemberUpdateResponse: MembersMessage {
    package var header: ResponseHeader?
    package var members: [Member]

    package init(header: ResponseHeader? = nil, members: [Member] = []) {
        self.header = header
        self.members = members
    }
}

/// Gives a learner a vote.
package struct MemberPromoteRequest: WireMessage {
    package var id: UInt64 = 0

    package init() {}

    package init(id: UInt64 = 0) {
        self.id = id
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.id)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.id)
        default: try decoder.skip()
        }
    }
}

/// The members after a promotion.
package struct MemberPromoteResponse: MembersMessage {
    package var header: ResponseHeader?
    package var members: [Member]

    package init(header: ResponseHeader? = nil, members: [Member] = []) {
        self.header = header
        self.members = members
    }
}
