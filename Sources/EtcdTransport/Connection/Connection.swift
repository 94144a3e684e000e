// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Logging
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
    nonisolated let configuration: ConnectionConfiguration
    nonisolated let loop: EventLoop
    private nonisolated let inbox = Mutex(Inbox())
    private nonisolated let usable = Atomic<Bool>(false)

    private var machine = ConnectionStateMachine<SocketAddress>()
    private var socket: ConnectedSocket?
    private var tls: TLSConnection?
    private var session = HTTP2Session()
    private var connectWaiters: [CheckedContinuation<ConnectionFailure?, Never>] = []
    private var closeHandlers: [@Sendable (ConnectionFailure) -> Void] = []

    private var outgoing = OutgoingBuffer()
    private var plaintext: [UInt8] = []
    private var isFlushScheduled = false
    private var preamble = ConnectionPreamble()

    private var connectTimer: EventLoopTimer?
    private var dialTimer: EventLoopTimer?
    private var deadlineTimer: EventLoopTimer?
    private var keepAliveTimer: EventLoopTimer?
    private var hasReceivedSinceTick = false
    private var isPingOutstanding = false

    private var preparedHeaders: [PreparedHeaders] = []

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe self.loop.asUnownedSerialExecutor()
    }

    package init(endpoint: Endpoint, configuration: ConnectionConfiguration, loop: EventLoop) {
        self.endpoint = endpoint
        self.configuration = configuration
        self.loop = loop
    }

    // MARK: Any thread

    /// Whether the connection is ready and has not been told to go.
    package nonisolated var isUsable: Bool { self.usable.load(ordering: .relaxed) }

    /// One request, one answer.
    ///
    /// Cancelling the task resets the stream at once.
    ///
    /// - Parameters:
    ///   - message: The encoded request behind five bytes of room for the prefix.
    /// - Returns: The encoded answer.
    package nonisolated func unary(
        _ method: GRPCMethod,
        framed message: consuming [UInt8],
        metadata: GRPCMetadata,
        deadline: ContinuousClock.Instant?
    ) async throws(CallFailure) -> [UInt8] {
        try self.checkSize(message)
        let call = GRPCCall(
            method: method,
            metadata: metadata,
            deadline: deadline,
            message: message,
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
    ///   - onEvent: Runs on the event loop's thread, in order; `closed` comes once and last. It
    ///     must not block. It may call the stream's methods.
    package nonisolated func openStream(
        _ method: GRPCMethod,
        metadata: GRPCMetadata,
        flowControl: GRPCStreamFlowControl = .automatic,
        deadline: ContinuousClock.Instant? = nil,
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
        call.receiver = .stream(onEvent)
        self.submit(.start(call))
        return GRPCStream(connection: self, call: call)
    }

    /// Closes now. Every call on the connection fails.
    package nonisolated func close() {
        self.submit(.close)
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
        case close
    }

    private struct Inbox {
        var submissions: [Submission] = []
        var isScheduled = false
    }

    /// Hands work to the loop. Work that comes while earlier work waits is taken along with it.
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

    /// Connects, and returns once the server's SETTINGS have arrived. Later calls share the outcome.
    package func connect() async throws(ConnectionFailure) {
        switch self.machine.connect() {
        case .succeed:
            return
        case .fail(let failure):
            throw failure
        case .resolve:
            self.startConnecting()
        case .wait:
            break
        }
        let failure = await withCheckedContinuation { self.connectWaiters.append($0) }
        if let failure {
            throw failure
        }
    }

    /// Takes no more calls and closes when those that run have ended.
    package func closeGracefully() {
        self.usable.store(false, ordering: .relaxed)
        self.perform(
            self.machine.drain(.closedLocally, hasCalls: self.session.hasOpenStreams)
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

    private func takeSubmissions() {
        let submissions = self.inbox.withLock { inbox in
            let submissions = inbox.submissions
            inbox.submissions = []
            inbox.isScheduled = false
            return submissions
        }
        for submission in submissions {
            switch submission {
            case .start(let call):
                self.start(call)
            case .send(let call, let message):
                call.send(message)
            case .finishSending(let call):
                call.finishSending()
            case .consumed(let call, let count):
                call.consumed(count)
            case .cancel(let call):
                if call.id == 0 {
                    call.isCancelledEarly = true
                }
                call.abort(.cancelled)
            case .close:
                self.fail(.closedLocally)
            }
        }
        self.scheduleFlush()
    }

    private func start(_ call: GRPCCall) {
        if call.isCancelledEarly {
            call.abort(.cancelled)
            return
        }
        guard self.machine.isReady else {
            call.connectionLost(self.machine.failure ?? .socket("not connected yet"))
            return
        }
        call.start(on: self.session, headers: self.headers(for: call))
        if let deadline = call.deadline {
            self.watch(deadline)
        }
        if self.keepAliveTimer == nil {
            self.scheduleKeepAlive()
        }
    }

    // MARK: Connecting

    private func startConnecting() {
        self.connectTimer = self.schedule(after: self.configuration.connectTimeout) {
            $0.fail(.timedOut(phase: $0.machine.phase))
        }
        let host = self.endpoint.host
        NameResolver.resolve(host: host, port: self.endpoint.port, on: self.loop) { result in
            self.assumeIsolated { connection in
                switch result {
                case .success(let addresses):
                    connection.perform(
                        connection.machine.resolved(addresses),
                        addressCount: addresses.count
                    )
                case .failure(let error):
                    connection.fail(.nameResolution(host: host, reason: error.reason))
                }
            }
        }
    }

    private func perform(
        _ action: ConnectionStateMachine<SocketAddress>.DialAction,
        addressCount: Int = 1
    ) {
        switch action {
        case .dial(let address, let isLast):
            self.dialTimer?.cancel()
            if !isLast {
                // An address that does not answer leaves time for the others.
                self.dialTimer = self.schedule(
                    after: self.configuration.connectTimeout / max(2, addressCount)
                ) {
                    $0.dialFailed(.timedOut(phase: $0.machine.phase))
                }
            }
            do throws(SystemError) {
                self.socket = try ConnectedSocket(
                    connectingTo: address,
                    on: self.loop,
                    connection: self
                )
            } catch {
                self.dialFailed(Self.failure(of: error))
            }
        case .close(let failure):
            self.finish(failure)
        case .none:
            break
        }
    }

    private func dialFailed(_ failure: ConnectionFailure) {
        self.socket?.close()
        self.socket = nil
        self.perform(self.machine.dialFailed(failure))
    }

    private func perform(_ action: ConnectionStateMachine<SocketAddress>.EstablishAction) {
        switch action {
        case .startTLS:
            self.startTLS()
        case .startHTTP2:
            self.scheduleFlush()
        case .becomeReady:
            self.becomeReady()
        case .none:
            break
        }
    }

    private func startTLS() {
        do throws(TLSFailure) {
            guard let context = self.configuration.tls else {
                throw TLSFailure.handshake("no TLS settings for an https endpoint")
            }
            let override = self.configuration.serverNameOverride
            let tls = try TLSConnection(
                context: context,
                serverName: override ?? self.endpoint.host,
                isIPAddress: override == nil ? self.endpoint.isIPAddress : false
            )
            try tls.startHandshake()
            self.tls = tls
            self.scheduleFlush()
        } catch {
            self.fail(.tls(error))
        }
    }

    private func becomeReady() {
        self.connectTimer?.cancel()
        self.dialTimer?.cancel()
        self.usable.store(true, ordering: .relaxed)
        self.configuration.logger.debug(
            "connected",
            metadata: ["endpoint": "\(self.endpoint)"]
        )
        self.resumeConnectWaiters(returning: nil)
    }

    private func resumeConnectWaiters(returning outcome: ConnectionFailure?) {
        let waiters = self.connectWaiters
        self.connectWaiters = []
        for waiter in waiters {
            waiter.resume(returning: outcome)
        }
    }

    // MARK: Socket events

    /// The socket has something to say. Called by ``ConnectedSocket`` on the loop.
    func socketIsReady(_ happened: Poller.Interest, on socket: ConnectedSocket) {
        guard let current = self.socket, current === socket else {
            return
        }
        if !socket.isConnected {
            if let error = socket.takeConnectOutcome() {
                self.dialFailed(Self.failure(of: error))
                return
            }
            self.dialTimer?.cancel()
            self.perform(self.machine.dialed(usesTLS: self.endpoint.usesTLS))
            return
        }
        if happened.contains(.readable) || happened.contains(.failed) {
            self.readAvailable(from: socket)
        }
        if happened.contains(.writable) {
            self.scheduleFlush()
        }
    }

    /// Reads at most this often in a row before others on the loop have their turn.
    private static let readsPerTurn = 4

    private func readAvailable(from socket: ConnectedSocket) {
        let buffer = unsafe self.loop.readBuffer
        for _ in 0..<Self.readsPerTurn {
            do {
                guard let count = try unsafe socket.read(into: buffer) else {
                    break
                }
                if count == 0 {
                    self.receivedEnd()
                    return
                }
                self.hasReceivedSinceTick = true
                try unsafe self.received(
                    UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])
                )
                if count < buffer.count || self.socket == nil {
                    break
                }
            } catch let error as SystemError {
                self.fail(Self.failure(of: error))
                return
            } catch let failure as ConnectionFailure {
                self.fail(failure)
                return
            } catch {
                self.fail(.socket("\(error)"))
                return
            }
        }
        self.afterReceiving()
    }

    private func received(_ bytes: UnsafeRawBufferPointer) throws(ConnectionFailure) {
        guard let tls = self.tls else {
            try unsafe self.receivedPlaintext(bytes)
            return
        }
        var failure: ConnectionFailure?
        var isOpen = true
        do throws(TLSFailure) {
            try unsafe tls.receive(bytes)
            if tls.isEstablished {
                self.perform(self.machine.secured())
            }
            isOpen = try unsafe tls.read { plaintext in
                guard failure == nil else {
                    return
                }
                do throws(ConnectionFailure) {
                    try unsafe self.receivedPlaintext(plaintext)
                } catch {
                    failure = error
                }
            }
        } catch {
            // There may be an alert for the peer.
            self.writeTLSOutput()
            throw .tls(error)
        }
        if let failure {
            throw failure
        }
        if !isOpen {
            self.receivedEnd()
        }
    }

    private func receivedPlaintext(_ bytes: UnsafeRawBufferPointer) throws(ConnectionFailure) {
        guard self.machine.speaksHTTP2 else {
            return
        }
        if self.machine.isEstablishing, let hint = unsafe self.preamble.received(bytes) {
            throw .notHTTP2(hint: hint)
        }
        try unsafe self.session.receive(bytes)
    }

    private func receivedEnd() {
        if self.machine.isEstablishing, !self.endpoint.usesTLS, self.preamble.isEmpty {
            self.fail(
                .closedByPeer(
                    phase: self.machine.phase
                        + " (a server that wants TLS does this: try https:// and a CA)"
                )
            )
        } else {
            self.fail(.closedByPeer(phase: self.machine.phase))
        }
    }

    private func afterReceiving() {
        let events = self.session.takeEvents()
        if events.receivedSettings {
            self.perform(self.machine.receivedSettings())
        }
        if let goAway = events.goAway {
            self.usable.store(false, ordering: .relaxed)
            self.perform(
                self.machine.drain(
                    .goAway(code: goAway.errorCode, message: goAway.message),
                    hasCalls: self.session.hasOpenStreams
                )
            )
        } else if self.machine.failure != nil, !self.session.hasOpenStreams {
            self.perform(self.machine.callsEnded())
        }
        self.scheduleFlush()
    }

    // MARK: Writing

    private func scheduleFlush() {
        if !self.isFlushScheduled, self.socket != nil {
            self.isFlushScheduled = true
            self.loop.flushSoon(self)
        }
    }

    /// Takes what HTTP/2 has to say and writes it, all frames of a round in as few writes as can be.
    private func flushNow() {
        self.isFlushScheduled = false
        guard let socket = self.socket, socket.isConnected else {
            return
        }
        do {
            repeat {
                try self.collectOutput()
                if try !self.outgoing.write(to: socket) {
                    try socket.setWantsWrite(true)
                    return
                }
            } while self.mayHaveOutput
            try socket.setWantsWrite(false)
        } catch let error as SystemError {
            self.fail(Self.failure(of: error))
            return
        } catch let failure as ConnectionFailure {
            self.fail(failure)
            return
        } catch {
            self.fail(.socket("\(error)"))
            return
        }
        if self.machine.speaksHTTP2, self.session.isFinished {
            self.fail(.protocolViolation("the session ended"))
        } else if self.machine.failure != nil, !self.session.hasOpenStreams {
            self.perform(self.machine.callsEnded())
        }
    }

    /// Whether the last collection stopped because it was full.
    private var mayHaveOutput: Bool { self.wasCollectionCut }
    private var wasCollectionCut = false

    private func collectOutput() throws(ConnectionFailure) {
        self.wasCollectionCut = false
        if self.machine.speaksHTTP2 {
            if self.tls == nil {
                self.wasCollectionCut = try self.outgoing.fill(from: self.session)
            } else {
                self.plaintext.removeAll(keepingCapacity: true)
                while self.plaintext.count < OutgoingBuffer.target {
                    guard let bytes = try unsafe self.session.nextOutput() else {
                        break
                    }
                    unsafe self.plaintext.append(contentsOf: bytes)
                }
                self.wasCollectionCut = self.plaintext.count >= OutgoingBuffer.target
            }
        }
        guard let tls = self.tls else {
            return
        }
        if !self.plaintext.isEmpty {
            do throws(TLSFailure) {
                try unsafe self.plaintext.withUnsafeBytes { bytes in
                    Result { () throws(TLSFailure) in try unsafe tls.write(bytes) }
                }.get()
            } catch {
                throw .tls(error)
            }
            self.plaintext.removeAll(keepingCapacity: true)
        }
        self.outgoing.fill(from: tls)
    }

    /// A last attempt to tell the peer what is wrong.
    private func writeTLSOutput() {
        guard let tls = self.tls, let socket = self.socket, socket.isConnected else {
            return
        }
        self.outgoing.fill(from: tls)
        _ = try? self.outgoing.write(to: socket)
    }

    // MARK: The end

    private func fail(_ failure: ConnectionFailure) {
        self.perform(self.machine.fail(failure))
    }

    private func perform(_ action: ConnectionStateMachine<SocketAddress>.CloseAction) {
        switch action {
        case .close(let failure):
            self.finish(failure)
        case .drain, .none:
            break
        }
    }

    private func finish(_ failure: ConnectionFailure) {
        self.usable.store(false, ordering: .relaxed)
        for timer in [
            self.connectTimer, self.dialTimer, self.deadlineTimer, self.keepAliveTimer,
        ] {
            timer?.cancel()
        }
        if let socket = self.socket {
            if self.machine.speaksHTTP2 || failure == .closedLocally {
                self.session.goAway()
                if let bytes = try? unsafe self.session.nextOutput(), self.tls == nil {
                    // Politeness only: the kernel may have no room.
                    _ = unsafe try? socket.write(bytes)
                }
            }
            self.tls?.close()
            self.writeTLSOutput()
            socket.close()
        }
        self.socket = nil
        self.configuration.logger.debug(
            "connection ended",
            metadata: ["endpoint": "\(self.endpoint)", "reason": "\(failure)"]
        )
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

    private static func failure(of error: SystemError) -> ConnectionFailure {
        switch error.kind {
        case .refused: .refused
        case .timedOut: .timedOut(phase: "connecting")
        case .unreachable: .unreachable(error.description)
        case .other: .socket(error.description)
        }
    }

    // MARK: Timers

    private func schedule(
        after delay: Duration,
        _ work: @escaping @Sendable (isolated Connection) -> Void
    ) -> EventLoopTimer {
        self.loop.schedule(after: delay) { [weak self] in
            self?.assumeIsolated { work($0) }
        }
    }

    /// One timer serves all deadlines: it rings at the earliest, and most calls are gone by then.
    private func watch(_ deadline: ContinuousClock.Instant) {
        if let timer = self.deadlineTimer, timer.deadline <= deadline {
            return
        }
        self.deadlineTimer?.cancel()
        self.deadlineTimer = self.loop.schedule(at: deadline) { [weak self] in
            self?.assumeIsolated { $0.endOverdueCalls() }
        }
    }

    private func endOverdueCalls() {
        self.deadlineTimer = nil
        let now = ContinuousClock.now
        var next: ContinuousClock.Instant?
        for stream in Array(self.session.openStreams) {
            guard let call = stream as? GRPCCall, let deadline = call.deadline else {
                continue
            }
            if deadline <= now {
                call.abort(.deadlineExceeded)
            } else {
                next = min(next ?? deadline, deadline)
            }
        }
        if let next {
            self.watch(next)
        }
        self.scheduleFlush()
    }

    /// PINGs go out only while calls are open: a default server counts idle ones as abuse.
    private func scheduleKeepAlive() {
        self.hasReceivedSinceTick = false
        self.keepAliveTimer = self.schedule(
            after: self.isPingOutstanding
                ? self.configuration.keepAliveTimeout : self.configuration.keepAliveInterval
        ) {
            $0.keepAliveTick()
        }
    }

    private func keepAliveTick() {
        self.keepAliveTimer = nil
        if self.hasReceivedSinceTick {
            self.isPingOutstanding = false
        } else if self.isPingOutstanding {
            self.fail(.keepAliveTimeout)
            return
        } else if self.session.hasOpenStreams {
            self.isPingOutstanding = true
            self.session.ping()
            self.scheduleFlush()
        }
        if self.session.hasOpenStreams {
            self.scheduleKeepAlive()
        } else {
            self.isPingOutstanding = false
        }
    }

    // MARK: Headers

    private struct PreparedHeaders {
        let method: GRPCMethod
        let metadata: GRPCMetadata
        let headers: HTTP2Headers
    }

    /// The headers of a call, prepared at its first use.
    private func headers(for call: GRPCCall) -> HTTP2Headers {
        for prepared in self.preparedHeaders
        where prepared.method === call.method && prepared.metadata === call.metadata {
            return prepared.headers
        }
        let headers = HTTP2Headers(
            [
                (":method", "POST"),
                (":scheme", self.endpoint.usesTLS ? "https" : "http"),
                (":path", call.method.path),
                (":authority", self.endpoint.authority),
                ("te", "trailers"),
                ("content-type", "application/grpc"),
                ("user-agent", self.configuration.userAgent),
            ] + call.metadata.entries
        )
        if self.preparedHeaders.count >= 32 {
            // Tokens change now and then; what is still in use is prepared again.
            self.preparedHeaders.removeAll()
        }
        self.preparedHeaders.append(
            PreparedHeaders(method: call.method, metadata: call.metadata, headers: headers)
        )
        return headers
    }
}

extension Connection: EventLoopFlushable {
    nonisolated func flush() {
        self.assumeIsolated { $0.flushNow() }
    }
}
