// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// Carries many watches on one stream after another, without a gap and without repetition.
///
/// ```
///          add                  streamOpened
///   idle ───────▶ opening ─────────────────────▶ open
///     ▲              ▲                             │
///     │              └───── streamClosed ──────────┤ some watch needs the stream
///     └──────────────────── streamClosed ──────────┘ none does
///
///   of each watch:
///              create sent              created
///   waiting ────────────────▶ creating ─────────▶ live ──▶ (finished)
///      ▲ ▲                       │                  │
///      │ └──── streamClosed ─────┴──────────────────┤
///      └── proceed ── suspended ◀───── suspend ─────┘
/// ```
///
/// What keeps the promise (each rule answers a way in which clients lose or repeat events):
/// - Creations are acknowledged in the order in which they were asked for, so an acknowledgement
///   belongs to the oldest open creation, whatever ID it carries: a refusal comes with −1, with the
///   ID asked for or with 0, depending on the server's version.
/// - IDs on the wire are chosen here, begin with 1 and are never used twice: some servers stop
///   serving a living watch 0 after a refusal, and late messages cannot hit a successor.
/// - `next` is the first revision not delivered yet. Events move it, and so does a notification of
///   progress; an acknowledgement does not, because a watch that replays history is acknowledged
///   long before it has caught up. Older events are dropped.
/// - The pieces of a revision that comes in fragments are joined, and thrown away when the stream
///   breaks in between.
struct WatchStateMachine: ~Copyable {
    private enum State {
        case idle
        case opening
        case open
        case shutDown
    }

    fileprivate enum Phase: Equatable {
        /// To be created on the next stream.
        case waiting
        /// Asked for, not acknowledged yet.
        case creating(wireID: Int64)
        /// Acknowledged.
        case live(wireID: Int64)
        /// Stopped on the server until the consumer has room again.
        case suspended
    }

    fileprivate struct Watch {
        var phase: Phase
        /// What to ask for; ID and start revision are filled in each time.
        let template: WatchCreateRequest
        /// The first revision to deliver, 0 for a watch from now on that has delivered nothing.
        var next: Int64
        /// Where to continue a watch from now on that has delivered nothing; nil until it was
        /// acknowledged.
        var resumption: Resumption?
        /// The cluster that acknowledged the watch first.
        var clusterID: UInt64?
        /// The highest revision known when the creation was sent.
        var seenBefore: Int64 = 0
        /// Whether the consumer learned of an acknowledgement.
        var wasAcknowledged = false
        /// Whether the stream broke since the last acknowledgement.
        var wasInterrupted = false
        /// Whether a refusal was answered by trying again with fresh credentials.
        var hasRetriedRefusal = false
        /// The beginning of a response whose end has not come yet.
        var fragments: [Event] = []
        var fragmentByteCount = 0
    }

    /// Where a watch from now on continues that was acknowledged and has delivered nothing.
    fileprivate struct Resumption {
        /// The first revision that may have happened after the watch was asked for.
        var start: Int64
        /// The server's revision in the acknowledgement.
        let created: Int64
    }

    /// Servers from 3.4.38, 3.5.22 and 3.6.2 on read the revision for the acknowledgement after
    /// they registered the watch, so events up to it may belong to the watch. What the client knew
    /// when it asked bounds the gap from below, unless it is so old that it says nothing.
    private static let largestCreationGap: Int64 = 1000

    private var state: State = .idle
    private var watches: [WatchHandle: Watch] = [:]
    private var handles: [Int64: WatchHandle] = [:]
    /// The IDs of the creations not acknowledged yet, oldest first.
    private var pendingCreations: [Int64] = []
    private var lastWireID: Int64 = 0
    private var highestRevision: Int64 = 0
    private let fragmentByteLimit: Int

    /// - Parameter fragmentByteLimit: The largest size of one revision that comes in fragments.
    init(fragmentByteLimit: Int) {
        self.fragmentByteLimit = fragmentByteLimit
    }

    /// Whether no watch is left.
    var isEmpty: Bool { self.watches.isEmpty }
}

// MARK: - The client's side

extension WatchStateMachine {
    enum AddAction: Equatable {
        /// Open a stream and report ``streamOpened()`` or ``streamClosed()``.
        case openStream
        /// Send this on the stream.
        case send(WatchRequest)
        /// A stream is on its way.
        case none
        /// The client was shut down.
        case refuse
    }

    /// Somebody wants to watch.
    ///
    /// - Parameters:
    ///   - handle: The watch's name; never used before.
    ///   - request: What to watch. A start revision of 0 means from now on.
    ///   - seen: The highest revision that the client has got to know so far, 0 if none.
    mutating func add(
        _ handle: WatchHandle, _ request: WatchCreateRequest, seen: Int64
    ) -> AddAction {
        guard self.state != .shutDown else { return .refuse }
        self.highestRevision = max(self.highestRevision, seen)
        self.watches[handle] = Watch(
            phase: .waiting, template: request, next: request.startRevision)
        return self.start(handle)
    }

    /// The consumer of a suspended watch has room again.
    mutating func proceed(_ handle: WatchHandle) -> AddAction {
        guard self.watches[handle]?.phase == .suspended else { return .none }
        self.watches[handle]?.phase = .waiting
        return self.start(handle)
    }

    enum CancelAction: Equatable {
        case send(WatchRequest)
        case none
    }

    /// The consumer has no room: stop the watch on the server, remember where it was.
    mutating func suspend(_ handle: WatchHandle) -> CancelAction {
        guard let watch = self.watches[handle], watch.phase != .suspended else { return .none }
        let action = self.detach(handle)
        self.watches[handle]?.phase = .suspended
        return action
    }

    /// Nobody wants the watch any more.
    mutating func remove(_ handle: WatchHandle) -> CancelAction {
        guard self.watches[handle] != nil else { return .none }
        let action = self.detach(handle)
        self.watches[handle] = nil
        return action
    }

    /// The client is shut down.
    ///
    /// - Returns: The watches that end with it.
    mutating func shutDown() -> [WatchHandle] {
        let ended = self.watches.keys.sorted()
        self.state = .shutDown
        self.watches = [:]
        self.handles = [:]
        self.pendingCreations = []
        return ended
    }
}

// MARK: - The stream's side

extension WatchStateMachine {
    /// There is a stream.
    ///
    /// - Returns: What to send on it.
    mutating func streamOpened() -> [WatchRequest] {
        guard self.state == .opening else { return [] }
        self.state = .open
        let waiting = self.watches.filter { $0.value.phase == .waiting }
        return waiting.keys.sorted().map { self.create($0) }
    }

    enum CloseAction: Equatable {
        /// Open another stream.
        case openStream
        /// No watch needs one.
        case none
    }

    /// The stream has ended, or could not be opened.
    mutating func streamClosed() -> CloseAction {
        guard self.state != .shutDown else { return .none }
        self.handles = [:]
        self.pendingCreations = []
        var isNeeded = false
        for handle in self.watches.keys {
            self.watches[handle]?.interrupt()
            isNeeded = isNeeded || self.watches[handle]?.phase == .waiting
        }
        self.state = isNeeded ? .opening : .idle
        return isNeeded ? .openStream : .none
    }

    /// The watches that no server has acknowledged yet.
    var unacknowledged: [WatchHandle] {
        self.watches.filter { !$0.value.wasAcknowledged }.keys.sorted()
    }

    /// All watches.
    var all: [WatchHandle] { self.watches.keys.sorted() }
}

// MARK: - Shared steps

extension WatchStateMachine {
    private mutating func start(_ handle: WatchHandle) -> AddAction {
        switch self.state {
        case .idle:
            self.state = .opening
            return .openStream
        case .opening:
            return .none
        case .open:
            return .send(self.create(handle))
        case .shutDown:
            return .refuse
        }
    }

    private mutating func create(_ handle: WatchHandle) -> WatchRequest {
        self.lastWireID += 1
        let wireID = self.lastWireID
        guard var watch = self.watches[handle] else { return WatchRequest() }
        if watch.next == 0, let resumption = watch.resumption {
            watch.next = resumption.start
        }
        watch.phase = .creating(wireID: wireID)
        watch.seenBefore = self.highestRevision
        self.watches[handle] = watch
        self.handles[wireID] = handle
        self.pendingCreations.append(wireID)
        var request = watch.template
        request.watchID = wireID
        request.fragment = true
        request.startRevision = watch.next
        return WatchRequest(request: .create(request))
    }

    /// Forgets the watch's ID on the wire and everything that would still come with it.
    private mutating func detach(_ handle: WatchHandle) -> CancelAction {
        switch self.watches[handle]?.phase {
        case .creating(let wireID), .live(let wireID):
            self.handles[wireID] = nil
            self.watches[handle]?.dropFragments()
            return .send(WatchRequest(request: .cancel(WatchCancelRequest(watchID: wireID))))
        case .waiting, .suspended, nil:
            return .none
        }
    }
}

extension WatchStateMachine.Watch {
    fileprivate mutating func dropFragments() {
        self.fragments = []
        self.fragmentByteCount = 0
    }

    fileprivate mutating func interrupt() {
        self.dropFragments()
        switch self.phase {
        case .creating, .live:
            self.phase = .waiting
            self.wasInterrupted = self.wasAcknowledged
        case .waiting, .suspended:
            break
        }
    }
}

// MARK: - Responses

extension WatchStateMachine {
    /// Why a watch is over.
    enum End: Equatable {
        /// The server no longer has revisions below this one.
        case compacted(Int64)
        /// The server refused to create the watch, or ended it later.
        case cancelled(reason: String)
        /// One revision is larger than the limit for joined fragments.
        case tooLarge(limit: Int)
        /// Another cluster answered: revisions mean nothing there.
        case clusterChanged
    }

    /// Why a response means nothing.
    enum Ignored: Equatable {
        /// It concerns a watch that nobody wants any more.
        case unknownWatch
        /// It is the beginning of something larger.
        case fragment
        /// Everything in it was delivered before.
        case stale
        /// It carries nothing.
        case empty
    }

    enum ReceiveAction: Equatable {
        /// Hand the events to the consumer.
        case deliver(WatchHandle, events: [Event], revision: Int64)
        /// Tell these consumers how far the server has come.
        case progress([WatchHandle], revision: Int64)
        /// The server has created the watch.
        case acknowledged(WatchHandle, revision: Int64)
        /// The server has created the watch again.
        case resumed(WatchHandle, revision: Int64, wasInterrupted: Bool)
        /// The watch is over. If there is a request, send it first.
        case finish(WatchHandle, End, WatchRequest?)
        /// Send this.
        case send(WatchRequest)
        /// The stream's credentials are not good any more: close it and report
        /// ``streamClosed()`` once there are new ones.
        case renewCredentials
        /// The server does not keep to the protocol: close the stream and report
        /// ``streamClosed()``.
        case closeStream(reason: String)
        case ignore(Ignored)
    }

    /// The server sent something.
    ///
    /// - Parameters:
    ///   - response: The message.
    ///   - byteCount: Its size.
    ///   - trustsRefusals: False if a refusal may be due to credentials that are out of date.
    mutating func received(
        _ response: WatchResponse, byteCount: Int, trustsRefusals: Bool
    ) -> ReceiveAction {
        let revision = response.header?.revision ?? 0
        defer { self.highestRevision = max(self.highestRevision, revision) }
        if response.created {
            return self.receivedCreated(response, trustsRefusals: trustsRefusals)
        }
        if response.watchID == -1 && !response.canceled {
            return self.receivedProgressOfAll(revision: revision)
        }
        guard let handle = self.handles[response.watchID] else { return .ignore(.unknownWatch) }
        if response.canceled || response.compactRevision > 0 {
            return self.receivedCancel(response, of: handle, trustsRefusals: trustsRefusals)
        }
        if response.events.isEmpty && !response.fragment {
            if let watch = self.watches[handle], watch.fragments.isEmpty {
                return self.receivedProgress(of: handle, revision: revision)
            }
        }
        return self.receivedEvents(response, of: handle, byteCount: byteCount)
    }

    private mutating func receivedCreated(
        _ response: WatchResponse, trustsRefusals: Bool
    ) -> ReceiveAction {
        guard !self.pendingCreations.isEmpty else {
            return .closeStream(reason: "acknowledgement of a watch that was not asked for")
        }
        let wireID = self.pendingCreations.removeFirst()
        guard response.canceled || response.watchID == wireID else {
            return .closeStream(reason: "acknowledgements of watches out of order")
        }
        guard let handle = self.handles[wireID], var watch = self.watches[handle] else {
            return .ignore(.unknownWatch)
        }
        if response.canceled {
            return self.receivedCancel(response, of: handle, trustsRefusals: trustsRefusals)
        }
        let revision = response.header?.revision ?? 0
        let clusterID = response.header?.clusterID ?? 0
        if let known = watch.clusterID, known != clusterID {
            return self.finish(handle, .clusterChanged, sendingCancelOf: wireID)
        }
        watch.phase = .live(wireID: wireID)
        watch.clusterID = clusterID
        watch.hasRetriedRefusal = false
        if watch.next == 0 && watch.resumption == nil {
            watch.resumption = Self.resumption(created: revision, seen: watch.seenBefore)
        }
        let action: ReceiveAction =
            watch.wasAcknowledged
            ? .resumed(handle, revision: revision, wasInterrupted: watch.wasInterrupted)
            : .acknowledged(handle, revision: revision)
        watch.wasAcknowledged = true
        watch.wasInterrupted = false
        self.watches[handle] = watch
        return action
    }

    private static func resumption(created: Int64, seen: Int64) -> Resumption {
        let isTelling = seen > 0 && created - seen <= Self.largestCreationGap
        return Resumption(start: isTelling ? min(seen, created) + 1 : created, created: created)
    }

    private mutating func receivedCancel(
        _ response: WatchResponse, of handle: WatchHandle, trustsRefusals: Bool
    ) -> ReceiveAction {
        guard let watch = self.watches[handle] else { return .ignore(.unknownWatch) }
        if response.compactRevision > 0 {
            return self.receivedCompacted(response.compactRevision, of: handle)
        }
        switch WatchRefusal(reason: response.cancelReason) {
        case .credentials:
            return .renewCredentials
        case .permission where !trustsRefusals && !watch.hasRetriedRefusal:
            self.watches[handle]?.hasRetriedRefusal = true
            return .renewCredentials
        case .permission, .other:
            let reason = WatchRefusal.normalised(response.cancelReason)
            return self.finish(handle, .cancelled(reason: reason), sendingCancelOf: nil)
        }
    }

    /// The server cannot replay from where the watch has to continue.
    private mutating func receivedCompacted(
        _ compactRevision: Int64, of handle: WatchHandle
    ) -> ReceiveAction {
        if let watch = self.watches[handle], let resumption = watch.resumption,
            watch.next == resumption.start, resumption.start < resumption.created,
            resumption.created >= compactRevision
        {
            // The caution about the moment of creation reached too far back.
            self.handles = self.handles.filter { $0.value != handle }
            self.watches[handle]?.resumption = nil
            self.watches[handle]?.next = resumption.created
            return .send(self.create(handle))
        }
        return self.finish(handle, .compacted(compactRevision), sendingCancelOf: nil)
    }

    private mutating func receivedEvents(
        _ response: WatchResponse, of handle: WatchHandle, byteCount: Int
    ) -> ReceiveAction {
        guard var watch = self.watches[handle] else { return .ignore(.unknownWatch) }
        var events = response.events
        if response.fragment || !watch.fragments.isEmpty {
            watch.fragmentByteCount += byteCount
            guard watch.fragmentByteCount <= self.fragmentByteLimit else {
                return self.finish(
                    handle, .tooLarge(limit: self.fragmentByteLimit),
                    sendingCancelOf: response.watchID)
            }
            watch.fragments += events
            guard !response.fragment else {
                self.watches[handle] = watch
                return .ignore(.fragment)
            }
            events = watch.fragments
            watch.dropFragments()
        }
        if let first = events.first, first.revision < watch.next {
            events = events.filter { $0.revision >= watch.next }
        }
        if let last = events.last {
            watch.next = max(watch.next, last.revision + 1)
            watch.resumption = nil
        }
        self.watches[handle] = watch
        guard !events.isEmpty else { return .ignore(.stale) }
        return .deliver(handle, events: events, revision: response.header?.revision ?? 0)
    }

    private mutating func receivedProgress(
        of handle: WatchHandle, revision: Int64
    ) -> ReceiveAction {
        guard let isNews = self.watches[handle]?.advance(to: revision) else {
            return .ignore(.unknownWatch)
        }
        return isNews ? .progress([handle], revision: revision) : .ignore(.stale)
    }

    private mutating func receivedProgressOfAll(revision: Int64) -> ReceiveAction {
        var advanced: [WatchHandle] = []
        for handle in self.handles.values {
            if self.watches[handle]?.advance(to: revision) == true {
                advanced.append(handle)
            }
        }
        return advanced.isEmpty
            ? .ignore(.empty) : .progress(advanced.sorted(), revision: revision)
    }

    private mutating func finish(
        _ handle: WatchHandle, _ end: End, sendingCancelOf wireID: Int64?
    ) -> ReceiveAction {
        self.handles = self.handles.filter { $0.value != handle }
        self.watches[handle] = nil
        let request = wireID.map {
            WatchRequest(request: .cancel(WatchCancelRequest(watchID: $0)))
        }
        return .finish(handle, end, request)
    }
}

extension WatchStateMachine.Watch {
    /// Everything up to and including a revision was delivered.
    ///
    /// - Returns: False if that was known, or is not to be trusted.
    fileprivate mutating func advance(to revision: Int64) -> Bool {
        guard case .live = self.phase, self.fragments.isEmpty, revision >= self.next else {
            return false
        }
        self.next = revision + 1
        self.resumption = nil
        return true
    }
}

extension Event {
    fileprivate var revision: Int64 { self.kv?.modRevision ?? 0 }
}
