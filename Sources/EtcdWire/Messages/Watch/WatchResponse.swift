// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A message on a watch stream: events, progress, or the start or end of a watch.
package struct WatchResponse: StoreResponse {
    package var header: ResponseHeader?
    package var watchID: Int64 = 0
    package var created = false
    package var canceled = false
    package var compactRevision: Int64 = 0
    package var cancelReason = ""
    package var fragment = false
    package var events: [Event] = []

    package init() {}

    package init(
        header: ResponseHeader? = nil,
        watchID: Int64 = 0,
        created: Bool = false,
        canceled: Bool = false,
        compactRevision: Int64 = 0,
        cancelReason: String = "",
        fragment: Bool = false,
        events: [Event] = []
    ) {
        self.header = header
        self.watchID = watchID
        self.created = created
        self.canceled = canceled
        self.compactRevision = compactRevision
        self.cancelReason = cancelReason
        self.fragment = fragment
        self.events = events
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.watchID)
        encoder.write(3, self.created)
        encoder.write(4, self.canceled)
        encoder.write(5, self.compactRevision)
        encoder.write(6, self.cancelReason)
        encoder.write(7, self.fragment)
        encoder.write(11, self.events)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.watchID)
        case 3: try decoder.read(&self.created)
        case 4: try decoder.read(&self.canceled)
        case 5: try decoder.read(&self.compactRevision)
        case 6: try decoder.read(&self.cancelReason)
        case 7: try decoder.read(&self.fragment)
        case 11: try decoder.read(&self.events)
        default: try decoder.skip()
        }
    }
}
