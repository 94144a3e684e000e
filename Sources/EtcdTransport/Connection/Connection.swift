// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// One HTTP/2 connection to one endpoint, and the calls on it.
///
/// Lives on its event loop's thread: callbacks of the socket, of TLS and of nghttp2 run in the
/// actor's isolation without a hop. Callers on other threads hand calls over by ``submit(_:)``,
/// which takes a lock and wakes the loop only when it sleeps.
///
/// Start it with ``connect()``, end it with ``close()`` or ``closeGracefully()``. A connection that
/// has ended stays ended.
package actor Connection {
    package nonisolated let endpoint: Endpoint
    package nonisolated let role: ConnectionRole
    nonisolated let configuration: ConnectionConfiguration
    nonisolated let loop: EventLoop
    nonisolated let inbox = Mutex(Inbox())
    nonisolated let usable = Atomic<Bool>(false)
    nonisolated let streamCount = Atomic<Int>(0)
    /// Which certificates it was made with; 0 without TLS, and before it came to that.
    nonisolated let certificateGeneration = Atomic<UInt64>(0)

    var hasBeenReady = false
    var machine = ConnectionStateMachine<SocketAddress>()
    var socket: ConnectedSocket?
    var tls: TLSConnection?
    var session = HTTP2Session()
    var connectWaiters: [@Sendable (ConnectionFailure?) -> Void] = []
    var closeHandlers: [@Sendable (ConnectionFailure) -> Void] = []

    var outgoing = OutgoingBuffer()
    var plaintext: [UInt8] = []
    var isFlushScheduled = false
    /// Whether the last collection of output stopped because it was full.
    var wasCollectionCut = false
    var preamble = ConnectionPreamble()

    var connectTimer: EventLoopTimer?
    var dialTimer: EventLoopTimer?
    var deadlineTimer: EventLoopTimer?
    var livenessTimer: EventLoopTimer?
    var liveness: ConnectionLiveness
    let answers: AnswerLog
    var lastReceived: ContinuousClock.Instant
    var connectingSince: ContinuousClock.Instant
    var pingedAt: ContinuousClock.Instant?
    /// When the last question was put, and whether the peer was heard before it became suspect.
    var questioned: (at: ContinuousClock.Instant, wasHeard: Bool)?
    var onHealth: (@Sendable (Health) -> Void)?
    /// When much had come that no call could use.
    var fruitlessSince: ContinuousClock.Instant?

    var preparedHeaders: [PreparedHeaders] = []

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        self.loop.executorForActors
    }

    package init(
        endpoint: Endpoint,
        role: ConnectionRole = .unary,
        configuration: ConnectionConfiguration,
        loop: EventLoop
    ) {
        self.endpoint = endpoint
        self.role = role
        self.configuration = configuration
        self.loop = loop
        let now = ContinuousClock.now
        self.liveness = ConnectionLiveness(configuration.liveness)
        self.answers = AnswerLog(now: now)
        self.lastReceived = now
        self.connectingSince = now
    }

    // MARK: Any thread

    /// Whether the connection is ready and has not been told to go.
    package nonisolated var isUsable: Bool { self.usable.load(ordering: .relaxed) }

    /// How many calls and streams were open at the end of the loop's last round.
    package nonisolated var openStreamCount: Int { self.streamCount.load(ordering: .relaxed) }

    /// One request, one answer.
    ///
    /// Cancelling the task resets the stream at once.
    ///
    /// - Parameters:
    ///   - method: What to call.
    ///   - message: The encoded request behind five bytes of room for the prefix.
    ///   - metadata: Headers beyond those of every call.
    ///   - deadline: When to give up; `nil` waits for ever.
    ///   - conduct: What may be done with the call when the connection is in doubt.
    /// - Returns: The encoded answer.
    /// - Throws: `CallFailure`.
    package nonisolated func unary(
        _ method: GRPCMethod,
        framed message: consuming [UInt8],
        metadata: GRPCMetadata,
        deadline: ContinuousClock.Instant?,
        conduct: CallConduct = CallConduct()
    ) async throws(CallFailure) -> [UInt8] {
        try self.checkSize(message)
        let call = GRPCCall(
            method: method,
            metadata: metadata,
            deadline: deadline,
            message: message,
            conduct: conduct,
            receiveLimit: self.configuration.maximumReceiveMessageSize
        )
        let result = await withTaskCancellationHandler {
            await unsafe withUnsafeContinuation { continuation in
                call.receiver = unsafe .unary(continuation)
                self.submit(.start(call))
            }
        } onCancel: {
            self.submit(.cancel(call))
        }
        return try result.get()
    }

    /// Opens a call with a stream of messages.
    ///
    /// - Parameters:
    ///   - method: What to call.
    ///   - metadata: Headers beyond those of every call.
    ///   - flowControl: Who gives the window back.
    ///   - deadline: When to give up; `nil` lets the stream live as long as it may.
    ///   - isMovable: Whether the owner opens it again elsewhere when it ends with `moved`.
    ///   - onEvent: Runs on the event loop's thread, in order; `closed` comes once and last. It
    ///     must not block. It may call the stream's methods.
    /// - Returns: The handle to send on and to cancel.
    package nonisolated func openStream(
        _ method: GRPCMethod,
        metadata: GRPCMetadata,
        flowControl: GRPCStreamFlowControl = .automatic,
        deadline: ContinuousClock.Instant? = nil,
        isMovable: Bool = false,
        onEvent: @escaping @Sendable (GRPCStreamEvent) -> Void
    ) -> GRPCStream {
        let call = GRPCCall(
            method: method,
            metadata: metadata,
            deadline: deadline,
            message: nil,
            flowControl: flowControl,
            receiveLimit: self.configuration.maximumReceiveMessageSize
        )
        call.isMovable = isMovable
        call.receiver = .stream(onEvent)
        self.submit(.start(call))
        return GRPCStream(connection: self, call: call)
    }

    /// Is given to no more callers; those that have got it already have their calls refused unsent.
    nonisolated func retire() {
        self.usable.store(false, ordering: .relaxed)
    }

    /// Closes now.
    ///
    /// Every call on the connection fails.
    package nonisolated func close() {
        self.submit(.close)
    }

    /// Ends the streams whose owners open them again elsewhere, with `moved`.
    package nonisolated func moveStreams() {
        self.submit(.moveStreams)
    }

    private nonisolated func checkSize(_ message: borrowing [UInt8]) throws(CallFailure) {
        let limit = self.configuration.maximumSendMessageSize
        if message.count - 5 > limit {
            throw CallFailure(
                .messageTooLarge(size: message.count - 5, limit: limit, outgoing: true),
                isProvenUnprocessed: true
            )
        }
    }

    /// What other threads ask for.
    enum Submission {
        case start(GRPCCall)
        case send(GRPCCall, [UInt8])
        case finishSending(GRPCCall)
        case consumed(GRPCCall, Int)
        case cancel(GRPCCall)
        case moveStreams
        case close
    }

    struct Inbox {
        var submissions: [Submission] = []
        var isScheduled = false
    }

    /// Hands work to the loop.
    ///
    /// Work that comes while earlier work waits is taken along with it.
    nonisolated func submit(_ submission: Submission) {
        let mustSchedule = self.inbox.withLock { inbox in
            inbox.submissions.append(submission)
            defer { inbox.isScheduled = true }
            return !inbox.isScheduled
        }
        if mustSchedule {
            self.loop.execute { self.assumeIsolated { $0.takeSubmissions() } }
        }
    }

    // MARK: Isolated

    /// Connects, and returns once the server's SETTINGS have arrived.
    ///
    /// Later calls share the outcome.
    package func connect() async throws(ConnectionFailure) {
        let failure = await withCheckedContinuation { continuation in
            self.connect { continuation.resume(returning: $0) }
        }
        if let failure {
            throw failure
        }
    }

    /// Connects, and tells the outcome on the loop.
    ///
    /// For who must not depend on the threads that tasks run on, which others may keep busy.
    func connect(_ outcome: @escaping @Sendable (ConnectionFailure?) -> Void) {
        switch self.machine.connect() {
        case .succeed:
            outcome(nil)
        case .fail(let failure):
            outcome(failure)
        case .resolve:
            self.connectWaiters.append(outcome)
            // Whoever is told of a call's end must not find this connection usable.
            self.session.onGoAway = { [unowned self] in
                self.usable.store(false, ordering: .relaxed)
            }
            self.startConnecting()
        case .wait:
            self.connectWaiters.append(outcome)
        }
    }

    /// Takes no more calls and closes when those that run have ended.
    package func closeGracefully() {
        self.usable.store(false, ordering: .relaxed)
        self.perform(
            self.machine.drain(.left, hasCalls: self.session.hasOpenStreams)
        )
    }

    /// Calls the handler on the loop when the connection ends; at once if it has.
    package func onClose(_ handler: @escaping @Sendable (ConnectionFailure) -> Void) {
        if self.socket == nil, let failure = self.machine.failure {
            handler(failure)
        } else {
            self.closeHandlers.append(handler)
        }
    }

    func takeSubmissions() {
        let submissions = self.inbox.withLock { inbox in
            let submissions = inbox.submissions
            inbox.submissions = []
            inbox.isScheduled = false
            return submissions
        }
        for submission in submissions {
            switch submission {
            case .start(let call):
                if self.machine.isReady, !self.isUsable {
                    // It was left after the caller had got it.
                    if call.begin() { call.connectionLost(.left) }
                } else {
                    self.start(call)
                }
            case .send(let call, let message):
                call.send(message)
            case .finishSending(let call):
                call.finishSending()
            case .consumed(let call, let count):
                call.consumed(count)
            case .cancel(let call):
                call.cancel()
            case .moveStreams:
                self.endMovableStreams()
            case .close:
                self.fail(.closedLocally)
            }
        }
        self.scheduleFlush()
    }

    func start(_ call: GRPCCall) {
        guard call.begin() else {
            return
        }
        guard self.machine.isReady else {
            call.connectionLost(self.machine.failure ?? .socket("not connected yet"))
            return
        }
        call.start(on: self.session, headers: self.headers(for: call), answers: self.answers)
        if let deadline = call.deadline {
            self.watch(deadline)
        }
        self.lookAfter(call)
    }

    private func endMovableStreams() {
        for stream in Array(self.session.openStreams) {
            guard let call = stream as? GRPCCall, call.isMovable else { continue }
            call.abort(.moved)
        }
    }

    // MARK: The end

    func fail(_ failure: ConnectionFailure) {
        self.perform(self.machine.fail(failure))
    }

    func perform(_ action: ConnectionStateMachine<SocketAddress>.CloseAction) {
        switch action {
        case .close(let failure):
            self.finish(failure)
        case .drain, .none:
            break
        }
    }

    func finish(_ failure: ConnectionFailure) {
        self.usable.store(false, ordering: .relaxed)
        for timer in [
            self.connectTimer, self.dialTimer, self.deadlineTimer, self.livenessTimer,
        ] {
            timer?.cancel()
        }
        if let socket = self.socket {
            self.sayGoodbye(to: socket, after: failure)
            socket.close()
        }
        self.socket = nil
        self.report(self.hasBeenReady ? .ended(failure) : .failed(failure))
        for stream in Array(self.session.openStreams) {
            (stream as? GRPCCall)?.connectionLost(failure)
        }
        self.resumeConnectWaiters(returning: failure)
        let handlers = self.closeHandlers
        self.closeHandlers = []
        for handler in handlers {
            handler(failure)
        }
    }

    func failure(of error: SystemError) -> ConnectionFailure {
        switch error.kind {
        case .refused: .refused
        case .timedOut: .timedOut(phase: self.machine.phase)
        case .unreachable: .unreachable(error.description)
        case .reset, .other: .socket(error.description)
        }
    }
}
