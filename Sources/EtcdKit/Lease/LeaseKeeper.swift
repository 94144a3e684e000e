// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire
import Logging

/// Renews the leases of a client's sessions.
///
/// Lives on the event loop's thread, whose timers run on while the machine is suspended. Renewals go
/// over one stream that all leases share; what is not answered there is repeated as a call of its
/// own. When and which is the ``LeaseStateMachine``'s decision.
actor LeaseKeeper {
    private struct Entry {
        let record: LeaseRecord
        var timer: EventLoopTimer?
        /// When the renewal on the stream was sent that is not answered yet.
        var sentOnStream: ContinuousClock.Instant?
        /// Whether a renewal waits for the stream to open.
        var waitsForStream = false
        var call: Task<Void, Never>?
        var callNumber = 0
    }

    nonisolated let core: ClientCore
    private var entries: [EtcdLeaseID: Entry] = [:]
    private var isShutDown = false

    private var stream: ClientStream?
    private var openedAt: ContinuousClock.Instant = .now
    /// The endpoint of the last stream, if it did not answer.
    private var useless: Endpoint?
    /// Tells the events of the present stream from late ones of its predecessors; 0 without one.
    private var generation = 0
    private var lastGeneration = 0
    private var opening: Task<Void, Never>?
    private var backoff = ReconnectBackoff()

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        self.core.loop.executorForActors
    }

    init(core: ClientCore) {
        self.core = core
    }
}

// MARK: - Any thread

extension LeaseKeeper {
    /// Begins to renew a lease.
    nonisolated func keep(_ record: LeaseRecord) {
        self.core.loop.execute {
            self.assumeIsolated { $0.add(record) }
        }
    }

    /// Stops to renew a lease.
    nonisolated func release(_ record: LeaseRecord, _ reason: EtcdLeaseSession.LossReason) {
        _ = record.handle { machine, _ in machine.close(reason) }
        self.core.loop.execute {
            self.assumeIsolated { $0.remove(record.id) }
        }
    }
}

extension LeaseKeeper: ClientPart {
    func shutdown() async {
        self.end()
    }

    nonisolated func abandon() {
        self.core.loop.execute {
            self.assumeIsolated { $0.end() }
        }
    }
}

// MARK: - Leases

extension LeaseKeeper {
    private func add(_ record: LeaseRecord) {
        guard !self.isShutDown else {
            _ = record.handle { machine, _ in machine.close(.closed) }
            return
        }
        self.entries[record.id] = Entry(record: record)
        self.update(record.id) { machine, now in machine.tick(now: now) }
    }

    private func remove(_ id: EtcdLeaseID) {
        guard let entry = self.entries.removeValue(forKey: id) else { return }
        entry.timer?.cancel()
        entry.call?.cancel()
        // A stream without leases would keep the connection busy with PINGs.
        if self.entries.isEmpty { self.abandonStream() }
    }

    private func end() {
        self.isShutDown = true
        self.opening?.cancel()
        self.stream?.stream.cancel()
        self.stream = nil
        self.generation = 0
        for (id, entry) in self.entries {
            _ = entry.record.handle { machine, _ in machine.close(.closed) }
            self.remove(id)
        }
    }

    /// Tells the machine of a lease what happened, does what it says and sets the alarm.
    private func update(
        _ id: EtcdLeaseID,
        _ event: (inout LeaseStateMachine, ContinuousClock.Instant) -> LeaseStateMachine.Action
    ) {
        guard let record = self.entries[id]?.record else { return }
        let (action, wakeAt) = record.handle(event)
        // Whoever read the state may have found the deadline passed before the alarm did.
        guard let wakeAt else { return self.ended(record) }
        self.entries[id]?.timer?.cancel()
        self.entries[id]?.timer = self.core.loop.schedule(at: wakeAt) {
            self.assumeIsolated { keeper in
                keeper.update(id) { machine, now in machine.tick(now: now) }
            }
        }
        switch action {
        case .renew(.stream, let isReplacement):
            if isReplacement {
                self.useless = self.stream?.endpoint ?? self.useless
                self.abandonStream()
            }
            self.renewOnStream(id)
        case .renew(.call, _):
            self.renewByCall(id)
        case .verify:
            self.verify(id)
        case .lost, .none:
            break
        }
    }

    private func ended(_ record: LeaseRecord) {
        self.remove(record.id)
        guard case .lost(let reason) = record.current, !reason.isOwnDecision else { return }
        self.core.logger.warning(
            "lease lost",
            metadata: ["lease": "\(record.id)", "reason": "\(reason)"]
        )
    }
}

// MARK: - Renewal by a call

extension LeaseKeeper {
    /// How long a single call may take; the machine decides earlier what to do next.
    private static let callTimeout: Duration = .seconds(2)

    private func renewByCall(_ id: EtcdLeaseID) {
        self.entries[id]?.call?.cancel()
        let number = (self.entries[id]?.callNumber ?? 0) + 1
        self.entries[id]?.callNumber = number
        let sentAt = ContinuousClock.now
        // Unstructured: belongs to the entry, which cancels it.
        self.entries[id]?.call = Task {
            let result: Result<Duration, EtcdError>
            do {
                result = .success(try await self.core.renewLease(id, timeout: Self.callTimeout))
            } catch {
                result = .failure(EtcdError(renewing: error))
            }
            guard self.entries[id]?.callNumber == number, !Task.isCancelled else { return }
            self.update(id) { machine, now in
                switch result {
                case .success(let ttl):
                    machine.answered(.call, sentAt: sentAt, ttl: ttl, now: now)
                case .failure(let error):
                    machine.failed(.call, error, now: now)
                }
            }
        }
    }

    private func verify(_ id: EtcdLeaseID) {
        // Unstructured: bounded by the call's timeout; a lease that is gone ignores the outcome.
        Task {
            let isKnown = try? await self.core.isKnown(id, timeout: Self.callTimeout)
            self.update(id) { machine, now in machine.verified(isKnown: isKnown, now: now) }
        }
    }
}

// MARK: - Renewal on the stream

extension LeaseKeeper {
    private func renewOnStream(_ id: EtcdLeaseID) {
        if let stream = self.stream {
            self.send(id, on: stream)
        } else {
            self.entries[id]?.waitsForStream = true
            if self.opening == nil { self.openStream(after: .zero) }
        }
    }

    private func send(_ id: EtcdLeaseID, on stream: ClientStream) {
        self.entries[id]?.waitsForStream = false
        self.entries[id]?.sentOnStream = .now
        let request = LeaseKeepAliveRequest(id: id.rawValue)
        stream.stream.send(framed: request.serialized(leadingSpace: 5))
    }

    private func openStream(after longestWait: Duration) {
        // Unstructured: the stream outlives the renewal that needs it first. Ends with `end()`.
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
                .leaseKeepAlive,
                deadline: .now + self.core.configuration.requestTimeout,
                avoiding: self.useless
            ) { event in
                self.assumeIsolated { $0.received(event, generation: generation) }
            }
            guard !Task.isCancelled else { return stream.stream.cancel() }
            self.opening = nil
            self.useless = nil
            guard !self.entries.isEmpty else { return stream.stream.cancel() }
            self.stream = stream
            self.generation = generation
            self.openedAt = .now
            for (id, entry) in self.entries where entry.waitsForStream {
                self.send(id, on: stream)
            }
        } catch {
            guard !Task.isCancelled else { return }
            self.opening = nil
            self.streamFailed(EtcdError(renewing: error), lifetime: nil)
        }
    }

    private func received(_ event: GRPCStreamEvent, generation: Int) {
        guard generation == self.generation else { return }
        switch event {
        case .opened:
            break
        case .message(let bytes):
            self.received(bytes)
        case .closed(let failure):
            self.streamEnded(failure)
        }
    }

    private func streamEnded(_ failure: CallFailure?) {
        guard let stream = self.stream else { return }
        let error =
            failure.map { self.core.streamFailed($0, on: stream) }
            ?? EtcdError(
                code: .unavailable,
                message: "the server ended the stream of lease renewals",
                endpoint: stream.endpoint.description
            )
        self.stream = nil
        self.generation = 0
        self.streamFailed(error, lifetime: ContinuousClock.now - self.openedAt)
    }

    private func received(_ bytes: [UInt8]) {
        guard let response = try? LeaseKeepAliveResponse(serialized: bytes) else {
            let error = EtcdError(
                code: .malformedResponse,
                message: "the server sent an answer to a lease renewal that cannot be read",
                endpoint: self.stream?.endpoint.description
            )
            self.abandonStream()
            return self.streamFailed(error, lifetime: nil)
        }
        let id = EtcdLeaseID(response.id)
        // Answers come in the order of the requests; one lease has one on its way at most.
        guard let sentAt = self.entries[id]?.sentOnStream else { return }
        self.entries[id]?.sentOnStream = nil
        let ttl = Duration.seconds(max(response.ttl, 0))
        self.update(id) { machine, now in
            machine.answered(.stream, sentAt: sentAt, ttl: ttl, now: now)
        }
    }

    /// Lets go of a stream that does not answer; leases that wait for it try again by themselves.
    private func abandonStream() {
        self.stream?.stream.cancel()
        self.stream = nil
        self.generation = 0
        for id in self.entries.keys { self.entries[id]?.sentOnStream = nil }
    }

    private func streamFailed(_ error: EtcdError, lifetime: Duration?) {
        self.core.logger.debug("lease stream ended", metadata: ["error": "\(error)"])
        let wait = self.backoff.streamEnded(after: lifetime)
        if !self.entries.isEmpty && self.opening == nil { self.openStream(after: wait) }
        for (id, entry) in self.entries
        where entry.sentOnStream != nil || entry.waitsForStream {
            self.entries[id]?.sentOnStream = nil
            self.entries[id]?.waitsForStream = false
            self.update(id) { machine, now in machine.failed(.stream, error, now: now) }
        }
    }
}

extension GRPCMethod {
    fileprivate static let leaseKeepAlive = GRPCMethod(
        service: "etcdserverpb.Lease",
        method: "LeaseKeepAlive"
    )
}

extension EtcdError {
    fileprivate init(renewing error: any Error) {
        self =
            error as? EtcdError
            ?? EtcdError(code: .deadlineExceeded, message: "the renewal was not answered in time")
    }
}
