// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire

/// One iteration over a ``ServerStream``: opens the call, takes its messages, resets it at the end.
///
/// Used by one task at a time, as it is part of an iterator.
final class ServerStreamReader<Request: WireMessage, Response: WireMessage> {
    /// A call under way.
    private struct Call {
        let stream: ClientStream
        let mailbox: MessageMailbox
        /// Keeps the connection to a member that was named.
        let lease: MemberConnections.Lease?
    }

    private enum State {
        case new
        case open(Call)
        case ended
    }

    /// The window goes back in pieces of this size, or when nothing more waits.
    private static var returnSize: Int { 256 << 10 }

    private let sequence: ServerStream<Request, Response>
    private var state = State.new
    private var takenBytes = 0
    private var observation: CallObservation?

    init(_ sequence: ServerStream<Request, Response>) {
        self.sequence = sequence
    }

    deinit {
        self.reset()
    }

    /// The next message, or nil at the end.
    func next() async throws -> Response? {
        do {
            let step: (message: [UInt8]?, call: Call)
            switch self.state {
            case .new: step = try await self.open()
            case .open(let call): step = (try await self.nextMessage(of: call), call)
            case .ended: return nil
            }
            guard let message = step.message else {
                self.state = .ended
                self.observation?.end()
                return nil
            }
            self.took(message, from: step.call)
            do throws(WireError) {
                return try Response(serialized: message)
            } catch {
                throw EtcdError.malformed(error, endpoint: step.call.stream.endpoint)
            }
        } catch {
            self.reset()
            self.observation?.end(error)
            throw error
        }
    }

    /// The consumer has all it wants; what still comes is dropped.
    func finish() {
        self.reset()
        self.observation?.end()
    }

    /// Resets the stream; what still comes is dropped.
    private func reset() {
        if case .open(let call) = self.state { call.stream.stream.cancel() }
        self.state = .ended
    }

    private func took(_ message: [UInt8], from call: Call) {
        self.takenBytes += message.count + 5
        guard self.takenBytes >= Self.returnSize || !call.mailbox.hasMessages else { return }
        call.stream.stream.consumed(self.takenBytes)
        self.takenBytes = 0
    }

    private func nextMessage(of call: Call) async throws -> [UInt8]? {
        let core = self.sequence.core
        let limit = self.sequence.options.silenceLimit?.clamped
        if Task.isCancelled { throw CancellationError() }
        let deadline = limit.map { ContinuousClock.now + $0 }
        switch await call.mailbox.next(until: deadline, on: core.loop) {
        case .value(.message(let message)):
            return message
        case .value(.end(nil)):
            return nil
        case .value(.end(let failure?)):
            self.observation?.attemptFailed(failure)
            throw core.streamFailed(failure, on: call.stream)
        case .cancelled:
            throw CancellationError()
        case .deadlinePassed:
            let pool = call.lease?.pool ?? core.pool
            pool.question(call.stream.connection, after: limit ?? .zero)
            throw EtcdError(
                code: .deadlineExceeded,
                message: "the server sent nothing more for \(limit ?? .zero)",
                endpoint: call.stream.endpoint.description
            )
        }
    }
}

// MARK: - Opening

extension ServerStreamReader {
    /// Opens the call, again if that fails in a way that repeating may mend.
    ///
    /// - Returns: the first message, or nil if the server ended the stream without one.
    private func open() async throws -> (message: [UInt8]?, call: Call) {
        let core = self.sequence.core
        let rpc = self.sequence.rpc
        let options = self.sequence.options
        var course = CallCourse(
            timeout: options.timeout,
            isRepeatable: rpc.isRepeatable,
            isAddressed: options.route.isAddressed
        )
        let observation = core.observation(of: rpc.method)
        self.observation = observation
        var lease: MemberConnections.Lease?
        if case .member(let endpoint) = options.route { lease = core.members.lease(endpoint) }
        while true {
            let pool = lease?.pool ?? core.pool
            let metadata =
                rpc.needsToken
                ? try await core.metadata(until: course.deadline) : ClientCore.bareMetadata
            let connection = try await core.connection(
                for: options.route.role,
                from: pool,
                until: course.deadline
            )
            let attemptDeadline = course.nextAttemptDeadline(
                endpoints: pool.endpointCount,
                isJudged: false
            )
            observation?.attempted(connection.endpoint)
            let call = self.start(on: connection, metadata, lease)
            self.state = .open(call)
            let failure: CallFailure
            switch await call.mailbox.next(
                until: options.opensWithMessage ? attemptDeadline : nil,
                on: core.loop
            ) {
            case .value(.message(let message)):
                return (message, call)
            case .value(.end(nil)):
                return (nil, call)
            case .value(.end(let reason?)):
                failure = reason
            case .cancelled:
                throw CancellationError()
            case .deadlinePassed:
                failure = CallFailure(.deadlineExceeded, isProvenUnprocessed: false)
            }
            self.reset()
            observation?.attemptFailed(failure)
            let pause = try core.pauseAfter(
                failure,
                of: rpc.method,
                since: rpc.since,
                on: connection,
                from: pool,
                generation: metadata.generation,
                silenceIsSuspicious: options.silenceIsSuspicious,
                &course
            )
            observation?.retried(after: failure, at: connection.endpoint)
            if let pause { try await Task.sleep(for: pause, clock: .continuous) }
        }
    }

    private func start(
        on connection: Connection,
        _ metadata: CallMetadata,
        _ lease: MemberConnections.Lease?
    ) -> Call {
        let rpc = self.sequence.rpc
        let mailbox = MessageMailbox()
        let headers = rpc.requiresLeader ? metadata.withLeader : metadata.withoutLeader
        let stream = connection.openStream(
            rpc.method,
            metadata: self.observation?.headers(headers) ?? headers,
            flowControl: .manual
        ) { mailbox.received($0) }
        stream.send(framed: self.sequence.request.serialized(leadingSpace: 5))
        stream.finishSending()
        return Call(
            stream: ClientStream(
                stream: stream,
                connection: connection,
                method: rpc.method,
                since: rpc.since,
                tokenGeneration: metadata.generation,
                storeEpoch: self.sequence.core.identity.storeEpoch
            ),
            mailbox: mailbox,
            lease: lease
        )
    }
}

extension ServerStreamOptions.Route {
    fileprivate var isAddressed: Bool {
        if case .member = self { true } else { false }
    }

    fileprivate var role: ConnectionRole {
        if case .streams = self { .streams } else { .unary }
    }
}
