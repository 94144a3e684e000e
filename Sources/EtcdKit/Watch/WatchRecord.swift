// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// What is known of one watch: how far it has come, and where it is on the stream.
struct WatchRecord {
    enum Phase: Equatable {
        /// To be created on the next stream.
        case waiting
        /// Asked for under this ID, not acknowledged yet.
        case creating(wireID: Int64)
        /// Acknowledged under this ID.
        case live(wireID: Int64)
        /// Stopped on the server until the consumer has room again.
        case suspended
    }

    /// Where a watch from now on continues that was acknowledged and has delivered nothing.
    struct Resumption {
        /// The first revision that may have happened after the watch was asked for.
        let start: Int64
        /// The server's revision in the acknowledgement.
        let created: Int64
    }

    /// How far below the acknowledgement's revision a watch from now on may have begun.
    ///
    /// Servers from 3.4.38, 3.5.22 and 3.6.2 on read that revision after they registered the
    /// watch, so events up to it may belong to the watch. What the client knew when it asked
    /// bounds the gap from below; if that is older than this it says nothing about the moment of
    /// creation, and going by it would replay history.
    private static let largestCreationGap: Int64 = 1000

    private(set) var phase: Phase = .waiting
    /// What to ask for; ID and start revision are filled in each time.
    private let template: WatchCreateRequest
    /// The first revision to deliver; 0 for a watch from now on that has delivered nothing.
    private var next: Int64
    /// Whether `next` was moved by what the server sent, so that all before it is delivered.
    private var hasAdvanced = false
    /// Where to continue a watch whose `next` says nothing; nil until it was acknowledged.
    private var resumption: Resumption?
    /// The highest revision known when the creation was sent.
    private var seenBefore: Int64 = 0
    /// How many requests for progress went on the stream before the creation.
    private var requestsBefore = 0
    /// The server's revision in the last acknowledgement.
    private var acknowledgedRevision: Int64 = 0
    /// The number of its own last request for progress on this stream; 0 if there was none.
    var lastProgressRequest = 0
    /// The cluster that acknowledged the watch first.
    private var clusterID: UInt64?
    /// Whether the watch was acknowledged at least once.
    private(set) var wasAcknowledged = false
    /// Whether the stream broke since the last acknowledgement.
    private(set) var wasInterrupted = false
    /// How often in a row a refusal was answered by trying again with fresh credentials.
    var credentialRenewals = 0
    /// The beginning of a response whose end has not come yet.
    private var fragments: [Event] = []
    private var fragmentByteCount = 0

    init(_ template: WatchCreateRequest) {
        self.template = template
        self.next = template.startRevision
    }

    /// The ID under which the server knows the watch.
    var wireID: Int64? {
        switch self.phase {
        case .creating(let wireID), .live(let wireID): wireID
        case .waiting, .suspended: nil
        }
    }

    /// The first key of the range.
    var key: [UInt8] { self.template.key }

    /// Whether a part of a response waits for the rest.
    var isJoiningFragments: Bool { !self.fragments.isEmpty }

    /// The watch goes on the stream.
    ///
    /// - Parameters:
    ///   - wireID: The ID under which the server will know it.
    ///   - seen: The highest revision that the client knows.
    ///   - progressRequests: How many requests for progress the stream has carried.
    /// - Returns: What to send.
    mutating func create(wireID: Int64, seen: Int64, progressRequests: Int) -> WatchRequest {
        if self.next == 0, let resumption = self.resumption {
            self.next = resumption.start
        }
        self.phase = .creating(wireID: wireID)
        self.seenBefore = seen
        self.requestsBefore = progressRequests
        var request = self.template
        request.watchID = wireID
        request.fragment = true
        request.startRevision = self.replayStart
        return WatchRequest(request: .create(request))
    }

    /// The revision to ask for.
    ///
    /// A watch that continues asks for the last revision it has seen once more. Servers before
    /// 3.4.36 and 3.5.18 serve a watch from the very revision they have compacted at, but a
    /// deletion at it is gone, and nothing tells so. The revision before is refused, which does.
    private var replayStart: Int64 {
        let isComplete =
            self.hasAdvanced || self.resumption.map { self.next > $0.created } ?? false
        return isComplete ? max(self.next - 1, 1) : self.next
    }

    /// The server has created the watch.
    ///
    /// - Returns: False if it was another cluster than before.
    mutating func acknowledge(wireID: Int64, revision: Int64, clusterID: UInt64) -> Bool {
        if let known = self.clusterID, known != clusterID { return false }
        self.clusterID = clusterID
        self.phase = .live(wireID: wireID)
        self.acknowledgedRevision = revision
        self.credentialRenewals = 0
        if self.next == 0 && self.resumption == nil {
            let seen = self.seenBefore
            let isTelling = seen > 0 && revision - seen <= Self.largestCreationGap
            let start = isTelling ? min(seen, revision) + 1 : revision
            self.resumption = Resumption(start: start, created: revision)
        }
        self.wasAcknowledged = true
        self.wasInterrupted = false
        return true
    }

    /// The server cannot replay from where the watch was to continue.
    ///
    /// - Returns: True if it can continue from a later revision nevertheless, because only the
    ///   caution about the moment of creation reached too far back.
    mutating func retreat(toCompaction compactRevision: Int64) -> Bool {
        guard let resumption = self.resumption, self.next == resumption.start,
            resumption.start < compactRevision, compactRevision <= resumption.created
        else { return false }
        self.resumption = nil
        self.next = resumption.created
        self.leaveStream()
        return true
    }

    /// The stream is gone, or the server was told to forget the watch.
    mutating func leaveStream(isInterruption: Bool = false) {
        self.fragments = []
        self.fragmentByteCount = 0
        self.lastProgressRequest = 0
        guard self.wireID != nil else { return }
        self.phase = .waiting
        self.wasInterrupted = self.wasInterrupted || isInterruption && self.wasAcknowledged
    }

    /// The consumer has no room.
    mutating func suspend() {
        self.leaveStream()
        self.phase = .suspended
    }

    /// The consumer has room again.
    mutating func proceed() {
        self.phase = .waiting
    }

    enum Accepted {
        /// These were not delivered before; they came in this many bytes.
        case events([Event], byteCount: Int)
        /// The response is not complete yet.
        case incomplete
        /// There is more of it than is allowed.
        case tooLarge
    }

    /// Events have come.
    mutating func accept(
        _ received: [Event],
        isFragment: Bool,
        byteCount: Int,
        byteLimit: Int
    ) -> Accepted {
        var events = received
        var byteCount = byteCount
        if isFragment || self.isJoiningFragments {
            self.fragmentByteCount += byteCount
            self.fragments += received
            byteCount = self.fragmentByteCount
            events = self.takeComplete(isLast: !isFragment)
            byteCount -= self.fragmentByteCount
            guard self.fragmentByteCount <= byteLimit else { return .tooLarge }
            guard !events.isEmpty || !isFragment else { return .incomplete }
        }
        if let first = events.first, first.revision < self.next {
            events.removeAll { $0.revision < self.next }
        }
        if let last = events.last {
            self.next = max(self.next, last.revision + 1)
            self.hasAdvanced = true
            self.resumption = nil
        }
        return .events(events, byteCount: byteCount)
    }

    /// Takes the revisions out of the fragments of which all has come.
    ///
    /// One response can hold a thousand revisions, and the next fragment can go on with the last one
    /// only: what comes before it need not wait for the rest.
    private mutating func takeComplete(isLast: Bool) -> [Event] {
        var complete = self.fragments
        self.fragments = []
        if !isLast, let last = complete.last?.revision {
            let end = complete.firstIndex { $0.revision == last } ?? 0
            self.fragments = Array(complete[end...])
            complete.removeSubrange(end...)
        }
        self.fragmentByteCount =
            complete.isEmpty && !isLast
            ? self.fragmentByteCount : self.fragments.reduce(0) { $0 + $1.byteCount }
        return complete
    }

    /// The server says that it has sent everything up to and including a revision.
    ///
    /// - Returns: False if more than that was delivered already, or if it does not concern the
    ///   watch.
    mutating func advance(to revision: Int64) -> Bool {
        guard case .live = self.phase, !self.isJoiningFragments, revision >= self.next - 1 else {
            return false
        }
        self.next = revision + 1
        self.hasAdvanced = true
        self.resumption = nil
        return true
    }

    /// The server says to whoever asked that it has sent everything up to and including a revision.
    ///
    /// An answer that was given before the watch was created says nothing of it, and yet it can come
    /// behind the acknowledgement. It is known by its revision, which is not above the one in the
    /// acknowledgement; if it equals that, the order of the requests decides.
    ///
    /// - Parameters:
    ///   - revision: The revision.
    ///   - request: The number of the oldest request that this can be the answer to.
    /// - Returns: False if it does not concern the watch.
    mutating func advance(to revision: Int64, answering request: Int) -> Bool {
        guard
            revision > self.acknowledgedRevision
                || revision == self.acknowledgedRevision && request > self.requestsBefore
        else { return false }
        return self.advance(to: revision)
    }
}

extension Event {
    fileprivate var revision: Int64 { self.kv?.modRevision ?? 0 }
}
