// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A request on a watch stream.
package struct WatchRequest: WireMessage {
    /// What is asked for.
    package enum Request: Sendable, Equatable {
        case create(WatchCreateRequest)
        case cancel(WatchCancelRequest)
        case progress(WatchProgressRequest)
    }

    package var request: Request?

    package init() {}

    package init(request: Request? = nil) {
        self.request = request
    }

    package func encode(to encoder: inout WireEncoder) {
        switch self.request {
        case .create(let create): encoder.writeChosen(1, create)
        case .cancel(let cancel): encoder.writeChosen(2, cancel)
        case .progress(let progress): encoder.writeChosen(3, progress)
        case nil: break
        }
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        // A known message is taken out before more is merged into it, so that it grows in place.
        switch field {
        case 1:
            guard try decoder.expectMessage() else { return }
            var create =
                if case .create(let known) = self.request { known } else { WatchCreateRequest() }
            self.request = nil
            try decoder.readMessage(into: &create)
            self.request = .create(create)
        case 2:
            guard try decoder.expectMessage() else { return }
            var cancel =
                if case .cancel(let known) = self.request { known } else { WatchCancelRequest() }
            self.request = nil
            try decoder.readMessage(into: &cancel)
            self.request = .cancel(cancel)
        case 3:
            guard try decoder.expectMessage() else { return }
            var progress =
                if case .progress(let known) = self.request { known } else {
                    WatchProgressRequest()
                }
            self.request = nil
            try decoder.readMessage(into: &progress)
            self.request = .progress(progress)
        default: try decoder.skip()
        }
    }
}

/// Starts a watch.
package struct WatchCreateRequest: WireMessage {
    /// A kind of event that the watch leaves out.
    package struct FilterType: WireEnum {
        package static let noPut = Self(rawValue: 0)
        package static let noDelete = Self(rawValue: 1)

        package let rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }
    }

    package var key: [UInt8] = []
    package var rangeEnd: [UInt8] = []
    package var startRevision: Int64 = 0
    package var progressNotify = false
    package var filters: [FilterType] = []
    package var prevKV = false
    package var watchID: Int64 = 0
    package var fragment = false

    package init() {}

    package init(
        key: [UInt8] = [],
        rangeEnd: [UInt8] = [],
        startRevision: Int64 = 0,
        progressNotify: Bool = false,
        filters: [FilterType] = [],
        prevKV: Bool = false,
        watchID: Int64 = 0,
        fragment: Bool = false
    ) {
        self.key = key
        self.rangeEnd = rangeEnd
        self.startRevision = startRevision
        self.progressNotify = progressNotify
        self.filters = filters
        self.prevKV = prevKV
        self.watchID = watchID
        self.fragment = fragment
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.key)
        encoder.write(2, self.rangeEnd)
        encoder.write(3, self.startRevision)
        encoder.write(4, self.progressNotify)
        encoder.write(5, self.filters)
        encoder.write(6, self.prevKV)
        encoder.write(7, self.watchID)
        encoder.write(8, self.fragment)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.key)
        case 2: try decoder.read(&self.rangeEnd)
        case 3: try decoder.read(&self.startRevision)
        case 4: try decoder.read(&self.progressNotify)
        case 5: try decoder.read(&self.filters)
        case 6: try decoder.read(&self.prevKV)
        case 7: try decoder.read(&self.watchID)
        case 8: try decoder.read(&self.fragment)
        default: try decoder.skip()
        }
    }
}

/// Ends a watch.
package struct WatchCancelRequest: WireMessage {
    package var watchID: Int64 = 0

    package init() {}

    package init(watchID: Int64 = 0) {
        self.watchID = watchID
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.watchID)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.watchID)
        default: try decoder.skip()
        }
    }
}

/// Asks how far the watches of the stream have got.
package struct WatchProgressRequest: EmptyMessage {
    package init() {}
}
