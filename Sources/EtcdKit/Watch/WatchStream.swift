// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire
import Logging
import Synchronization

/// Owns the stream that carries a client's watches, and opens it again when it breaks.
///
/// Lives on the event loop's thread: what the transport receives is decoded, judged by the
/// ``WatchStateMachine`` and put into the consumers' mailboxes without leaving the thread.
actor WatchStream {
    /// How long the server may take to acknowledge a watch before the stream is given up.
    private static let acknowledgementTimeout: Duration = .seconds(5)
    /// How long a stream is kept after its last watch.
    private static let idleTime: Duration = .seconds(10)
    private static let fragmentByteLimit = 64 << 20

    nonisolated let core: ClientCore
    private nonisolated let lastHandle = Atomic<Int>(0)
    var machine = WatchStateMachine(fragmentByteLimit: WatchStream.fragmentByteLimit)
    private(set) var mailboxes: [WatchHandle: WatchMailbox] = [:] {
        didSet { self.countWatches() }
    }
    /// The watches whose consumers are behind.
    private(set) var suspended: Set<WatchHandle> = [] {
        didSet { self.countWatches() }
    }
    /// What those who observe the client know of the two.
    var counted = WatchCounts()

    /// What is open at present.
    private(set) var stream: ClientStream?
    private(set) var openedAt: ContinuousClock.Instant = .now
    private var tokenTrust = WatchTokenTrust()
    /// The endpoint of the last stream, if it was of no use.
    var useless: Endpoint?
    /// Tells the events of the present stream from late ones of its predecessors; 0 without one.
    private(set) var generation = 0
    private var lastGeneration = 0
    /// The member that sent the last response.
    private(set) var memberID: UInt64 = 0
    /// What is known of the last stream that somebody wanted to ask for progress on.
    var progressVerdict: ProgressVerdict?
    private var opening: Task<Void, Never>?
    private var backoff = ReconnectBackoff()
    private var lastFailure: EtcdError?
    private var acknowledgementTimer: EventLoopTimer?
    private var idleTimer: EventLoopTimer?
    var silence: StreamSilence
    var silenceTimer: EventLoopTimer?

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        self.core.loop.executorForActors
    }

    init(core: ClientCore) {
        self.core = core
        self.silence = StreamSilence(limit: Self.silenceLimit(core.configuration), now: .now)
    }
}

// MARK: - Any thread

extension WatchStream {
    /// Opens a watch and waits until the server has acknowledged it.
    ///
    /// - Returns: The mailbox and the revision of the acknowledgement.
    nonisolated func open(
        _ request: WatchCreateRequest,
        options: EtcdWatchOptions,
        timeout: Duration
    ) async throws -> (WatchMailbox, EtcdRevision) {
        let deadline = ContinuousClock.now + timeout
        if self.core.pool.readyConnection(for: .streams) == nil {
            // Whoever waits for the first connection learns why there is none.
            _ = try await self.core.connection(for: .streams, until: deadline)
        }
        let mailbox = WatchMailbox(
            handle: WatchHandle(self.lastHandle.wrappingAdd(1, ordering: .relaxed).newValue),
            options: options,
            recordsArrival: self.core.instruments?.record != nil
        )
        self.core.loop.execute {
            self.assumeIsolated { $0.add(mailbox, request) }
        }
        let timer = self.core.loop.schedule(at: deadline) {
            self.assumeIsolated { $0.giveUp(mailbox, after: timeout) }
        }
        defer { timer.cancel() }
        let revision = try await withTaskCancellationHandler {
            try await mailbox.acknowledgement()
        } onCancel: {
            self.cancel(mailbox)
        }
        guard let revision, !Task.isCancelled else {
            self.cancel(mailbox)
            throw CancellationError()
        }
        return (mailbox, revision)
    }

    /// Ends a watch at once; its consumer gets nothing more.
    nonisolated func cancel(_ mailbox: WatchMailbox) {
        mailbox.discard()
        self.core.loop.execute {
            self.assumeIsolated { $0.remove(mailbox.handle) }
        }
    }

    /// The consumer of a suspended watch has read enough.
    nonisolated func proceed(_ mailbox: WatchMailbox) {
        self.core.loop.execute {
            self.assumeIsolated { stream in
                stream.suspended.remove(mailbox.handle)
                stream.start(stream.machine.proceed(mailbox.handle), of: mailbox)
            }
        }
    }
}

extension WatchStream: ClientPart {
    func shutdown() async {
        self.end()
    }

    nonisolated func abandon() {
        self.core.loop.execute {
            self.assumeIsolated { $0.end() }
        }
    }
}

// MARK: - Watches

extension WatchStream {
    private func add(_ mailbox: WatchMailbox, _ request: WatchCreateRequest) {
        self.mailboxes[mailbox.handle] = mailbox
        let seen = self.core.highestSeenRevision
        self.start(self.machine.add(mailbox.handle, request, seen: seen), of: mailbox)
    }

    private func start(_ action: WatchStateMachine.StartAction, of mailbox: WatchMailbox) {
        switch action {
        case .openStream:
            self.openStream(after: .zero)
        case .send(let request):
            self.send(request)
            self.expectAcknowledgement()
        case .none:
            break
        case .refuse:
            self.mailboxes[mailbox.handle] = nil
            mailbox.end(.closed)
        }
    }

    private func remove(_ handle: WatchHandle) {
        self.mailboxes[handle] = nil
        self.suspended.remove(handle)
        if case .send(let request) = self.machine.remove(handle) { self.send(request) }
        if self.mailboxes.isEmpty { self.closeWhenIdle() }
    }

    /// A stream without watches is kept for a while, as the next watch may be near.
    private func closeWhenIdle() {
        guard self.idleTimer == nil, self.stream != nil else { return }
        self.idleTimer = self.core.loop.schedule(after: Self.idleTime) {
            self.assumeIsolated { stream in
                stream.idleTimer = nil
                guard stream.mailboxes.isEmpty else { return }
                stream.letGoOfStream()
            }
        }
    }

    /// Ends the stream, or the attempt to open one, when there are no watches.
    ///
    /// The server forgets with it those that it still has. The next watch has another one opened.
    func letGoOfStream() {
        self.opening?.cancel()
        self.opening = nil
        self.stream?.stream.cancel()
        self.dropStream(nil)
        _ = self.machine.streamClosed()
    }

    private func giveUp(_ mailbox: WatchMailbox, after timeout: Duration) {
        guard self.mailboxes[mailbox.handle] != nil, mailbox.isOpening else { return }
        self.remove(mailbox.handle)
        let reason = self.lastFailure
        mailbox.end(
            .watchNotAcknowledged(within: timeout, reason: reason, endpoint: self.endpoint)
        )
    }

    /// Ends every watch because the client is shut down.
    private func end() {
        self.machine.shutDown()
        self.opening?.cancel()
        self.acknowledgementTimer?.cancel()
        self.idleTimer?.cancel()
        self.silenceTimer?.cancel()
        self.stream?.stream.cancel()
        self.stream = nil
        self.generation = 0
        let mailboxes = self.mailboxes.values
        self.mailboxes = [:]
        self.suspended = []
        for mailbox in mailboxes { mailbox.end(.closed) }
    }

    func endAll(_ error: EtcdError) {
        for handle in self.machine.all {
            self.finish(handle, error)
            _ = self.machine.remove(handle)
        }
    }

    private func finish(_ handle: WatchHandle, _ error: EtcdError) {
        self.suspended.remove(handle)
        self.mailboxes.removeValue(forKey: handle)?.end(error)
        if self.mailboxes.isEmpty { self.closeWhenIdle() }
    }
}

// MARK: - The stream

extension WatchStream {
    private func openStream(after longestWait: Duration) {
        // Unstructured: the stream outlives the call that needs it first. Ends with `end()`.
        self.opening = Task {
            if longestWait > .zero {
                try? await Task.sleep(for: longestWait * Double.random(in: 0...1))
            }
            await self.connect()
        }
    }

    private func connect() async {
        guard !Task.isCancelled else { return }
        self.lastGeneration += 1
        let generation = self.lastGeneration
        do {
            let stream = try await self.core.openStream(
                .watch,
                deadline: .now + self.core.configuration.requestTimeout,
                avoiding: self.useless
            ) { event in
                self.assumeIsolated { $0.received(event, generation: generation) }
            }
            guard !Task.isCancelled else { return stream.stream.cancel() }
            self.useless = nil
            self.stream = stream
            self.generation = generation
            self.openedAt = .now
            for request in self.machine.streamOpened() { self.send(request) }
            self.expectAcknowledgement()
            self.silence.heard(at: self.openedAt)
            self.watchSilence()
            if self.mailboxes.isEmpty { self.closeWhenIdle() }
        } catch {
            guard !Task.isCancelled else { return }
            let error =
                error as? EtcdError
                ?? EtcdError(code: .unavailable, message: "the stream was not opened")
            self.lastFailure = error
            if error.endsStreams { self.endAll(error) }
            self.reopen(self.machine.streamClosed(), lifetime: nil)
        }
    }

    private func received(_ event: GRPCStreamEvent, generation: Int) {
        guard generation == self.generation else { return }
        switch event {
        case .opened:
            break
        case .message(let bytes):
            self.silence.heard(at: .now)
            self.received(bytes)
        case .closed(let failure):
            self.streamEnded(failure)
        }
    }

    private func streamEnded(_ failure: CallFailure?) {
        guard let stream = self.stream else { return }
        let error =
            failure.map { self.core.streamFailed($0, on: stream) }
            ?? .watchStreamEnded(endpoint: self.endpoint)
        self.core.logger.debug("watch stream ended", metadata: ["error": "\(error)"])
        self.dropStream(error)
        if error.code == .responseTooLarge || error.endsStreams { self.endAll(error) }
        self.reopen(self.machine.streamClosed(), lifetime: ContinuousClock.now - self.openedAt)
    }

    /// Lets go of the stream; nothing it still sends is heard.
    private func dropStream(_ reason: EtcdError?) {
        self.lastFailure = reason
        self.stream = nil
        self.generation = 0
        self.acknowledgementTimer?.cancel()
        self.acknowledgementTimer = nil
        self.silenceTimer?.cancel()
        self.silenceTimer = nil
    }

    /// Gives up a stream whose member is of no use, for one that leads elsewhere.
    func leaveMember(_ reason: EtcdError) {
        self.useless = self.stream?.endpoint
        if let stream = self.stream, self.core.pool.endpointCount == 1 {
            // Nobody can avoid the only endpoint, but behind a new connection to it may be another member.
            self.core.pool.leaveEvenIfAlone(stream.connection)
        }
        self.abandonStream(reason)
    }

    /// Gives up a stream that is of no use any more.
    func abandonStream(_ reason: EtcdError) {
        self.core.logger.debug("watch stream given up", metadata: ["error": "\(reason)"])
        self.stream?.stream.cancel()
        self.dropStream(reason)
        self.reopen(self.machine.streamClosed(), lifetime: ContinuousClock.now - self.openedAt)
    }

    private func reopen(_ action: WatchStateMachine.CloseAction, lifetime: Duration?) {
        switch action {
        case .openStream:
            self.openStream(after: self.backoff.streamEnded(after: lifetime))
        case .none:
            break
        }
    }

    func send(_ request: WatchRequest) {
        self.stream?.stream.send(framed: request.serialized(leadingSpace: 5))
    }

    /// Gives the stream up if the server leaves the oldest creation unanswered.
    private func expectAcknowledgement() {
        guard self.acknowledgementTimer == nil,
            let expected = self.machine.oldestPendingCreation
        else { return }
        let timeout = Self.acknowledgementTimeout
        self.acknowledgementTimer = self.core.loop.schedule(after: timeout) {
            self.assumeIsolated { $0.checkAcknowledgement(of: expected) }
        }
    }

    private func checkAcknowledgement(of expected: Int64) {
        self.acknowledgementTimer = nil
        guard self.machine.oldestPendingCreation == expected else {
            return self.expectAcknowledgement()
        }
        self.leaveMember(.watchesNotAcknowledged(endpoint: self.endpoint))
    }
}

// MARK: - Responses

extension WatchStream {
    private func received(_ bytes: [UInt8]) {
        let response: WatchResponse
        do {
            response = try WatchResponse(serialized: bytes)
        } catch {
            return self.abandonStream(.unreadableWatchResponse(error, endpoint: self.endpoint))
        }
        let header = EtcdResponseHeader(response.header)
        guard self.accepts(header) else { return }
        self.memberID = header.memberID
        let action = self.machine.received(
            response,
            byteCount: bytes.count,
            credentials: self.credentials
        )
        self.learn(from: header, action)
        switch action {
        case .deliver(let handle, let events, _, let byteCount):
            self.deliver(events, to: handle, header: header, byteCount: byteCount)
        case .progress(let handles, _):
            for handle in handles { self.mailboxes[handle]?.progressed(header) }
        case .answer(let handles, _):
            for handle in handles {
                self.mailboxes[handle]?.progressed(header, wasRequested: true)
            }
        case .acknowledged(let handle, let revision):
            self.lastFailure = nil
            self.mailboxes[handle]?.acknowledged(EtcdRevision(revision))
        case .resumed(let handle, _, let wasInterrupted):
            self.lastFailure = nil
            guard wasInterrupted else { break }
            self.core.instruments?.record?(.watchResumed)
            self.mailboxes[handle]?.resumed(header)
        case .finish(let handle, let end, let request):
            if let request { self.send(request) }
            self.finish(handle, EtcdError(end, endpoint: self.endpoint))
        case .send(let request):
            self.send(request)
            self.expectAcknowledgement()
        case .renewCredentials:
            self.rejectToken()
            self.abandonStream(.watchTokenExpired(endpoint: self.endpoint))
        case .closeStream(let reason):
            self.abandonStream(.unexpectedWatchResponse(reason, endpoint: self.endpoint))
        case .ignore:
            break
        }
        if response.created { self.sendDelayed() }
    }

    private func sendDelayed() {
        let requests = self.machine.moreCreations()
        guard !requests.isEmpty else { return }
        for request in requests { self.send(request) }
        self.expectAcknowledgement()
    }

    private func deliver(
        _ events: [Event],
        to handle: WatchHandle,
        header: EtcdResponseHeader,
        byteCount: Int
    ) {
        guard let mailbox = self.mailboxes[handle] else { return }
        switch mailbox.deliver(events, header: header, byteCount: byteCount) {
        case .enough:
            break
        case .suspend:
            self.suspended.insert(handle)
            if case .send(let request) = self.machine.suspend(handle) { self.send(request) }
        case .fail:
            self.finish(handle, .slowConsumer)
            if case .send(let request) = self.machine.remove(handle) { self.send(request) }
        }
    }

    private var credentials: WatchStateMachine.Credentials {
        guard self.core.tokens.canRenew, let stream = self.stream else {
            return .none
        }
        return self.tokenTrust.credentials(
            of: stream.tokenGeneration,
            current: self.core.tokens.current?.generation
        )
    }

    private func rejectToken() {
        guard let stream = self.stream else { return }
        self.tokenTrust.reject(stream.tokenGeneration)
        self.core.tokens.reject(generation: stream.tokenGeneration)
    }

    private var endpoint: String? { self.stream?.endpoint.description }
}

extension GRPCMethod {
    static let watch = GRPCMethod(service: "etcdserverpb.Watch", method: "Watch")
}
