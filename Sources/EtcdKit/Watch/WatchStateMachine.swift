// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// Carries many watches on one stream after another, without a gap and without repetition.
///
/// ```
///            add                 streamOpened
///   idle ───────────▶ opening ────────────────▶ open
///    ▲ ▲                 ▲                        │
///    │ │                 │     streamClosed       │
///    │ │                 └────────────────────────┤ some watch needs a stream
///    │ └──────────────────────────────────────────┘ none does
///
///   of each watch:
///               creation sent            acknowledged
///   waiting ──────────────────▶ creating ────────────▶ live ────▶ (finished)
///     ▲  ▲                         │                     │
///     │  └──── streamClosed ───────┴─────────────────────┤
///     └── proceed ──── suspended ◀──── suspend ──────────┘
/// ```
///
/// What keeps the promise (each rule answers a way in which clients lose or repeat events):
/// - Creations are acknowledged in the order in which they were asked for, so an acknowledgement
///   belongs to the oldest open creation, whatever ID it carries: a refusal comes with −1, with the
///   ID asked for or with 0, depending on the server's version.
/// - IDs on the wire are chosen here, begin with 1 and are never used twice: some servers stop
///   serving a living watch 0 after a refusal, and late messages cannot hit a successor.
/// - Events move the revision to continue from, and so does a notification of progress; an
///   acknowledgement does not, because a watch that replays history is acknowledged long before it
///   has caught up. Older events are dropped.
/// - The answer to a request for progress names no watch. It moves only watches that the server must
///   have known when it gave it: not those that are being created, nor those created behind the
///   request, whose acknowledgement may overtake the answer. Without a request it means nothing.
/// - The pieces of a revision that comes in fragments are joined, and thrown away when the stream
///   breaks in between.
struct WatchStateMachine: ~Copyable {
    private enum State {
        case idle
        case opening
        case open
        case shutDown
    }

    /// How many creations may wait for their acknowledgement at a time.
    ///
    /// Servers have lost events of watches that were created at a high rate on one stream.
    private static let largestPendingCount = 100

    /// How often in a row fresh credentials are tried for one watch.
    private static let largestCredentialRenewals = 3

    private var state: State = .idle
    private var watches: [WatchHandle: WatchRecord] = [:]
    /// The watches that the server knows, by their IDs on the wire.
    private var handles: [Int64: WatchHandle] = [:]
    /// The IDs of the creations not acknowledged yet, oldest first.
    private var pendingCreations: [Int64] = []
    /// The watches whose creation waits for others to be acknowledged, oldest first.
    private var delayed: [WatchHandle] = []
    private var lastWireID: Int64 = 0
    private var progressCount = WatchProgressCount()
    private var highestRevision: Int64 = 0
    /// How often there were events for a consumer.
    private(set) var deliveryCount = 0
    private let fragmentByteLimit: Int

    /// Makes a machine without watches.
    ///
    /// - Parameter fragmentByteLimit: The largest size of one revision that comes in fragments.
    init(fragmentByteLimit: Int) {
        self.fragmentByteLimit = fragmentByteLimit
    }

    /// All watches.
    var all: [WatchHandle] { self.watches.keys.sorted() }

    /// Whether the server has acknowledged the watch on the present stream.
    func isLive(_ handle: WatchHandle) -> Bool {
        if case .live = self.watches[handle]?.phase { return true }
        return false
    }

    /// The first key of a watch's range, as the server knows it.
    func key(of handle: WatchHandle) -> [UInt8]? {
        self.watches[handle]?.key
    }

    /// Revisions seen so far say nothing about those to come.
    mutating func forgetRevisions() {
        self.highestRevision = 0
    }

    /// A key that is watched at present; nil if none is.
    var someLiveKey: [UInt8]? {
        self.handles.values.first { self.isLive($0) }.flatMap { self.watches[$0]?.key }
    }

    /// The creation that has waited longest for its acknowledgement.
    var oldestPendingCreation: Int64? { self.pendingCreations.first }
}

// MARK: - The client's side

extension WatchStateMachine {
    /// Somebody wants to watch.
    ///
    /// - Parameters:
    ///   - handle: The watch's name; never used before.
    ///   - request: What to watch. A start revision of 0 means from now on.
    ///   - seen: The highest revision that the client has got to know so far, 0 if none.
    /// - Returns: What to do.
    mutating func add(
        _ handle: WatchHandle,
        _ request: WatchCreateRequest,
        seen: Int64
    ) -> StartAction {
        guard self.state != .shutDown else { return .refuse }
        self.highestRevision = max(self.highestRevision, seen)
        self.watches[handle] = WatchRecord(request)
        return self.start(handle)
    }

    /// The consumer of a suspended watch has room again.
    mutating func proceed(_ handle: WatchHandle) -> StartAction {
        guard self.watches[handle]?.phase == .suspended else { return .none }
        self.watches[handle]?.proceed()
        return self.start(handle)
    }

    /// The consumer has no room: stop the watch on the server, remember where it was.
    mutating func suspend(_ handle: WatchHandle) -> CancelAction {
        let action = self.forgetWireID(of: handle)
        self.watches[handle]?.suspend()
        return action
    }

    /// The consumer wants to know how far the watch is.
    ///
    /// The server may leave the request unanswered, so nothing waits for the answer.
    mutating func requestProgress(of handle: WatchHandle) -> ProgressAction {
        guard self.isLive(handle) else { return .none }
        self.watches[handle]?.lastProgressRequest = self.progressCount.asked()
        return .send(WatchRequest(request: .progress(WatchProgressRequest())))
    }

    /// Nobody wants the watch any more.
    mutating func remove(_ handle: WatchHandle) -> CancelAction {
        let action = self.forgetWireID(of: handle)
        self.watches[handle] = nil
        return action
    }

    /// The client is shut down; every watch ends with it.
    mutating func shutDown() {
        self.state = .shutDown
        self.watches = [:]
        self.handles = [:]
        self.pendingCreations = []
        self.delayed = []
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
        self.progressCount = WatchProgressCount()
        let waiting = self.watches.filter { $0.value.phase == .waiting }
        return waiting.keys.sorted().compactMap { self.create($0) }
    }

    /// Something was acknowledged, so that there is room for more creations.
    ///
    /// - Returns: What to send.
    mutating func moreCreations() -> [WatchRequest] {
        guard self.state == .open, !self.delayed.isEmpty,
            self.pendingCreations.count <= Self.largestPendingCount / 2
        else { return [] }
        let waiting = self.delayed
        self.delayed = []
        return waiting.compactMap { handle in
            self.watches[handle]?.phase == .waiting ? self.create(handle) : nil
        }
    }

    /// The stream has ended, or could not be opened.
    mutating func streamClosed() -> CloseAction {
        guard self.state != .shutDown else { return .none }
        self.handles = [:]
        self.pendingCreations = []
        self.delayed = []
        var isNeeded = false
        for handle in self.watches.keys {
            self.watches[handle]?.leaveStream(isInterruption: true)
            isNeeded = isNeeded || self.watches[handle]?.phase == .waiting
        }
        self.state = isNeeded ? .opening : .idle
        return isNeeded ? .openStream : .none
    }
}

// MARK: - Responses

extension WatchStateMachine {
    /// The server sent something.
    ///
    /// - Parameters:
    ///   - response: The message.
    ///   - byteCount: Its size.
    ///   - credentials: What is known of the stream's credentials.
    /// - Returns: What to do.
    mutating func received(
        _ response: WatchResponse,
        byteCount: Int,
        credentials: Credentials
    ) -> ReceiveAction {
        guard response.hasPlausibleRevisions else {
            return .closeStream(reason: "a revision that cannot be")
        }
        let revision = response.header?.revision ?? 0
        self.highestRevision = max(self.highestRevision, revision)
        if response.created {
            return self.receivedAcknowledgement(response, credentials: credentials)
        }
        if response.watchID == -1 && !response.canceled {
            return self.receivedAnswer(revision: revision)
        }
        guard let handle = self.handles[response.watchID],
            let isJoining = self.watches[handle]?.isJoiningFragments
        else { return .ignore(.unknownWatch) }
        if response.canceled || response.compactRevision > 0 {
            return self.receivedCancel(response, of: handle, credentials: credentials)
        }
        if response.events.isEmpty && !response.fragment && !isJoining {
            guard self.watches[handle]?.advance(to: revision) == true else {
                return .ignore(.stale)
            }
            return .progress([handle], revision: revision)
        }
        return self.receivedEvents(response, of: handle, byteCount: byteCount)
    }

    private mutating func receivedAcknowledgement(
        _ response: WatchResponse,
        credentials: Credentials
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
        guard !response.canceled else {
            return self.receivedCancel(response, of: handle, credentials: credentials)
        }
        let (wasAcknowledged, wasInterrupted) = (watch.wasAcknowledged, watch.wasInterrupted)
        let revision = response.header?.revision ?? 0
        let clusterID = response.header?.clusterID ?? 0
        guard watch.acknowledge(wireID: wireID, revision: revision, clusterID: clusterID) else {
            return self.finish(handle, .clusterChanged, isKnownToServer: true)
        }
        self.watches[handle] = watch
        return wasAcknowledged
            ? .resumed(handle, revision: revision, wasInterrupted: wasInterrupted)
            : .acknowledged(handle, revision: revision)
    }

    private mutating func receivedCancel(
        _ response: WatchResponse,
        of handle: WatchHandle,
        credentials: Credentials
    ) -> ReceiveAction {
        if response.compactRevision > 0 {
            return self.receivedCompaction(response.compactRevision, of: handle)
        }
        let meaning = ServerMessage(watchReason: response.cancelReason)
        let mayRenew: Bool =
            switch credentials {
            case .none: false
            case .fresh: meaning.remedy == .newToken
            // Some servers say "permission denied" when the token has expired.
            case .aged: meaning.remedy == .newToken || meaning.code == .permissionDenied
            }
        let renewals = self.watches[handle]?.credentialRenewals ?? 0
        if mayRenew && renewals < Self.largestCredentialRenewals {
            self.watches[handle]?.credentialRenewals = renewals + 1
            return .renewCredentials
        }
        let reason = ServerMessage.core(of: response.cancelReason)
        return self.finish(handle, .cancelled(reason: reason), isKnownToServer: false)
    }

    private mutating func receivedCompaction(
        _ compactRevision: Int64,
        of handle: WatchHandle
    ) -> ReceiveAction {
        if var watch = self.watches[handle], watch.retreat(toCompaction: compactRevision) {
            _ = self.forgetWireID(of: handle)
            self.watches[handle] = watch
            return self.create(handle).map { .send($0) } ?? .ignore(.delayed)
        }
        return self.finish(handle, .compacted(compactRevision), isKnownToServer: false)
    }

    private mutating func receivedEvents(
        _ response: WatchResponse,
        of handle: WatchHandle,
        byteCount: Int
    ) -> ReceiveAction {
        let accepted = self.watches[handle]?.accept(
            response.events,
            isFragment: response.fragment,
            byteCount: byteCount,
            byteLimit: self.fragmentByteLimit
        )
        switch accepted {
        case .events(let events, _) where events.isEmpty:
            return .ignore(.stale)
        case .events(let events, let byteCount):
            self.deliveryCount += 1
            let revision = response.header?.revision ?? 0
            return .deliver(handle, events: events, revision: revision, byteCount: byteCount)
        case .incomplete:
            return .ignore(.fragment)
        case .tooLarge:
            let end = End.tooLarge(limit: self.fragmentByteLimit)
            return self.finish(handle, end, isKnownToServer: true)
        case nil:
            return .ignore(.unknownWatch)
        }
    }

    private mutating func receivedAnswer(revision: Int64) -> ReceiveAction {
        guard let request = self.progressCount.answered() else { return .ignore(.notAskedFor) }
        var advanced: [WatchHandle] = []
        for handle in self.handles.values
        where self.watches[handle]?.advance(to: revision, answering: request) == true {
            advanced.append(handle)
        }
        guard !advanced.isEmpty else { return .ignore(.stale) }
        let asked = advanced.filter { self.watches[$0]?.lastProgressRequest ?? 0 >= request }
        return .answer(asked.sorted(), revision: revision)
    }
}

// MARK: - Shared steps

extension WatchStateMachine {
    private mutating func start(_ handle: WatchHandle) -> StartAction {
        switch self.state {
        case .idle:
            self.state = .opening
            return .openStream
        case .opening:
            return .none
        case .open:
            return self.create(handle).map { .send($0) } ?? .none
        case .shutDown:
            return .refuse
        }
    }

    private mutating func create(_ handle: WatchHandle) -> WatchRequest? {
        guard self.pendingCreations.count < Self.largestPendingCount else {
            self.delayed.append(handle)
            return nil
        }
        self.lastWireID += 1
        let wireID = self.lastWireID
        let seen = self.highestRevision
        let before = self.progressCount.requests
        guard
            let request = self.watches[handle]?.create(
                wireID: wireID,
                seen: seen,
                progressRequests: before
            )
        else { return nil }
        self.handles[wireID] = handle
        self.pendingCreations.append(wireID)
        return request
    }

    /// Makes sure that nothing the server still sends reaches the watch.
    ///
    /// An acknowledgement on its way keeps its place in the order.
    private mutating func forgetWireID(of handle: WatchHandle) -> CancelAction {
        guard let wireID = self.watches[handle]?.wireID else { return .none }
        self.handles[wireID] = nil
        return .send(WatchRequest(request: .cancel(WatchCancelRequest(watchID: wireID))))
    }

    private mutating func finish(
        _ handle: WatchHandle,
        _ end: End,
        isKnownToServer: Bool
    ) -> ReceiveAction {
        guard case .send(let request) = self.remove(handle), isKnownToServer else {
            return .finish(handle, end, nil)
        }
        return .finish(handle, end, request)
    }
}

extension WatchResponse {
    /// Whether one can count with its revisions: none is negative, and each has a next one.
    fileprivate var hasPlausibleRevisions: Bool {
        let revisions = 0..<Int64.max
        return revisions.contains(self.header?.revision ?? 0)
            && revisions.contains(self.compactRevision)
            && self.events.allSatisfy { revisions.contains($0.kv?.modRevision ?? 0) }
    }
}
