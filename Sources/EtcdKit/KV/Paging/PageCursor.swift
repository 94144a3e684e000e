// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// Where in a range the next page begins, and how it is to be read.
struct PageCursor: Sendable {
    private let range: EtcdKeyRange
    private let options: EtcdPageOptions
    private var size: PageSize
    /// The first key of the next page.
    private var start: [UInt8]
    /// The revision of all pages, and whose it is; nil before the first.
    private var pin: (revision: Int64, clusterID: UInt64)?
    /// Whether a member turned out not to have come as far as the revision of the pages.
    private var metLaggard = false
    private var deliveredCount = 0

    init(_ pages: EtcdPages) {
        self.range = pages.range
        self.options = pages.options
        self.start = pages.range.start
        let largestResponse = pages.client.core.configuration.maximumResponseSize
        self.size = PageSize(
            maximumCount: pages.options.maximumCount,
            targetByteCount: min(pages.options.targetByteCount, max(1, largestResponse / 2))
        )
    }

    /// Whether the first page has fixed the revision.
    var isPinned: Bool { self.pin != nil }

    var maximumCount: Int { self.options.maximumCount }

    /// Refuses what cannot be right.
    func check() throws(EtcdError) {
        guard !self.isPinned else { return }
        try self.range.checkForRequest()
        try self.options.check()
    }

    /// What asks for all that is left.
    var streamRequest: RangeRequest {
        var request = self.request
        request.limit = 0
        return request
    }

    /// What asks for the next page.
    var request: RangeRequest {
        RangeRequest(
            key: self.start,
            rangeEnd: self.range.wireEnd,
            limit: Int64(self.size.limit),
            revision: self.pin?.revision ?? self.options.revision?.rawValue ?? 0,
            // What happened up to a revision never changes, so that any member that has come so far
            // can tell.
            serializable: self.pin == nil ? self.options.isSerializable : !self.metLaggard,
            keysOnly: self.options.keysOnly
        )
    }

    /// Moves behind a page.
    mutating func accept(_ response: RangeResponse) throws(EtcdError) -> EtcdPage {
        // Pieces of a stream have no header, except the last.
        let header = response.header.map { EtcdResponseHeader($0) }
        let pin =
            self.pin
            ?? (
                revision: self.options.revision?.rawValue ?? header?.revision.rawValue ?? 0,
                clusterID: header?.clusterID ?? 0
            )
        if let header, header.clusterID != pin.clusterID {
            throw EtcdError(
                code: .clusterChanged,
                message: "another cluster answers now, where revision \(pin.revision), at which "
                    + "the range is read, means nothing: start anew"
            )
        }
        guard !response.more || !response.kvs.isEmpty else {
            // Taken for the end it would make the rest of the range disappear.
            throw EtcdError(
                code: .malformedResponse,
                message: "the server says that more of the range follows, but sends nothing of it"
            )
        }
        self.pin = pin
        if let last = response.kvs.last { self.start = last.key + [0] }
        self.size.arrived(
            count: response.kvs.count,
            byteCount: response.kvs.reduce(0) { $0 + $1.pageByteCount }
        )
        self.deliveredCount += response.kvs.count
        return EtcdPage(
            revision: EtcdRevision(pin.revision),
            keyValues: response.kvs.map(EtcdKeyValue.init),
            isLast: !response.more
        )
    }

    /// Changes how the page is read, or throws if nothing helps.
    mutating func adapt(to error: EtcdError, of request: RangeRequest) throws(EtcdError) {
        switch error.code {
        case .responseTooLarge where self.size.wasTooLarge():
            break
        case .futureRevision where self.pin != nil && request.serializable:
            // Asking all members waits until this one has caught up.
            self.metLaggard = true
        case .compacted where self.pin != nil:
            throw error.whilePaging(at: request.revision, after: self.deliveredCount)
        default:
            throw error
        }
    }
}

extension KeyValue {
    /// Its size on the wire, about.
    fileprivate var pageByteCount: Int {
        self.key.count + self.value.count + 24
    }
}

extension EtcdError {
    fileprivate func whilePaging(at revision: Int64, after count: Int) -> EtcdError {
        EtcdError(
            code: .compacted,
            message: "revision \(revision), at which the range is read page by page, was "
                + "compacted away after \(count) keys: start anew, or compact later",
            endpoint: self.endpoint,
            cause: self,
            compactRevision: self.compactRevision
        )
    }
}
