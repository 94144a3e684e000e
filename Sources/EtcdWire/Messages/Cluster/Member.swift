// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A member of the cluster.
package struct Member: WireMessage {
    package var id: UInt64 = 0
    package var name = ""
    package var peerURLs: [String] = []
    package var clientURLs: [String] = []
    package var isLearner = false

    package init() {}

    package init(
        id: UInt64 = 0,
        name: String = "",
        peerURLs: [String] = [],
        clientURLs: [String] = [],
        isLearner: Bool = false
    ) {
        self.id = id
        self.name = name
        self.peerURLs = peerURLs
        self.clientURLs = clientURLs
        self.isLearner = isLearner
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.id)
        encoder.write(2, self.name)
        encoder.write(3, self.peerURLs)
        encoder.write(4, self.clientURLs)
        encoder.write(5, self.isLearner)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.id)
        case 2: try decoder.read(&self.name)
        case 3: try decoder.read(&self.peerURLs)
        case 4: try decoder.read(&self.clientURLs)
        case 5: try decoder.read(&self.isLearner)
        default: try decoder.skip()
        }
    }
}

/// A response that carries the header and the members of the cluster.
package protocol MembersMessage: StoreResponse {
    var header: ResponseHeader? { get set }
    var members: [Member] { get set }
    init(header: ResponseHeader?, members: [Member])
}

extension MembersMessage {
    package init() {
        self.init(header: nil, members: [])
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.members)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.members)
        default: try decoder.skip()
        }
    }
}
