// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import Logging

/// Renews the leases of a client's sessions.
///
/// Lives on the event loop's thread, whose timers run on while the machine is suspended. Renewals go
/// over a few streams (``LeaseLanes``); what is not answered there is repeated as a call of its own,
/// to another member if there is one. When and which is the ``LeaseStateMachine``'s decision.
actor LeaseKeeper {
    struct Entry {
        let record: LeaseRecord
        var timer: EventLoopTimer?
        var call: Task<Void, Never>?
        var callNumber = 0
    }

    nonisolated let core: ClientCore
    private(set) var entries: [EtcdLeaseID: Entry] = [:] {
        didSet { self.countLeases() }
    }
    /// How many leases those who observe the client know of.
    var countedLeases = 0
    private var lanes = LeaseLanes()
    private var streams: [LeaseLanes.Lane: LeaseStream] = [:]
    private var isShutDown = false

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
    ///
    /// - Parameters:
    ///   - record: The lease.
    ///   - isSeparate: Whether its renewals have a stream of their own, if there are enough.
    nonisolated func keep(_ record: LeaseRecord, isSeparate: Bool) {
        self.core.loop.execute {
            self.assumeIsolated { $0.add(record, isSeparate: isSeparate) }
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
    private func add(_ record: LeaseRecord, isSeparate: Bool) {
        guard !self.isShutDown else {
            _ = record.handle { machine, _ in machine.close(.closed) }
            return
        }
        self.entries[record.id] = Entry(record: record)
        self.lanes.add(record.id, isSeparate: isSeparate)
        self.update(record.id) { machine, now in machine.tick(now: now) }
    }

    private func remove(_ id: EtcdLeaseID) {
        guard let entry = self.entries.removeValue(forKey: id) else { return }
        entry.timer?.cancel()
        entry.call?.cancel()
        if let stream = self.stream(of: id) { stream.assumeIsolated { $0.forget(id) } }
        self.close(self.lanes.remove(id))
    }

    private func end() {
        self.isShutDown = true
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
        case .renew(.stream):
            self.renewOnStream(id)
        case .renew(.call):
            self.letOthersPass(id)
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
        self.core.instruments?.record?(.leaseLost(reason))
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
        let endpoint = self.detour(of: id, number)
        let sentAt = ContinuousClock.now
        // Unstructured: belongs to the entry, which cancels it.
        self.entries[id]?.call = Task {
            let result: Result<Duration, EtcdError>
            do {
                let ttl = try await self.core.renewLease(
                    id,
                    timeout: Self.callTimeout,
                    at: endpoint
                )
                result = .success(ttl)
            } catch {
                result = .failure(EtcdError(renewing: error))
            }
            guard self.entries[id]?.callNumber == number, !Task.isCancelled else { return }
            if case .success(let ttl) = result {
                self.measureSlack(of: id, renewedFor: ttl)
                self.madeUp(for: id)
            }
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

    private func madeUp(for id: EtcdLeaseID) {
        self.stream(of: id)?.assumeIsolated { $0.madeUp(for: id) }
    }

    /// Where the stream's member is not involved; nil: where calls go.
    private func detour(of id: EtcdLeaseID, _ number: Int) -> Endpoint? {
        let pool = self.core.pool
        guard let taken = self.stream(of: id)?.assumeIsolated({ $0.endpoint }) else { return nil }
        let foreign = self.core.greeting.foreignEndpoints
        let others = pool.endpoints.filter { $0 != taken && foreign[$0] == nil }
        if let calls = pool.readyConnection(for: .unary), others.contains(calls.endpoint),
            number % 2 == 1
        {
            return nil
        }
        return others.isEmpty ? nil : others[number % others.count]
    }

    private func verify(_ id: EtcdLeaseID) {
        // Unstructured: bounded by the call's timeout; a lease that is gone ignores the outcome.
        Task {
            let isKnown = try? await self.core.isKnown(id, timeout: Self.callTimeout)
            self.update(id) { machine, now in machine.verified(isKnown: isKnown, now: now) }
        }
    }
}

// MARK: - Renewal on a stream

extension LeaseKeeper {
    /// An answer that came within this time shows that nothing holds the lease's renewals up.
    private static let promptness: Duration = .milliseconds(500)

    func stream(of id: EtcdLeaseID) -> LeaseStream? {
        self.lanes[id].flatMap { self.streams[$0] }
    }

    private func renewOnStream(_ id: EtcdLeaseID) {
        guard let lane = self.lanes[id] else { return }
        let stream =
            self.streams[lane]
            ?? LeaseStream(core: self.core, blamesServer: !lane.isAside) { [weak self] news in
                self?.assumeIsolated { $0.heard(news) }
            }
        self.streams[lane] = stream
        stream.assumeIsolated { $0.renew(id) }
    }

    /// Moves a lease aside whose renewal is not answered, if others wait behind it.
    private func letOthersPass(_ id: EtcdLeaseID) {
        guard let lane = self.lanes[id], self.lanes.count(on: lane) > 1,
            let stream = self.streams[lane], stream.assumeIsolated({ $0.giveWay(id) })
        else { return }
        self.close(self.lanes.moveAside(id))
        self.core.logger.debug(
            "a lease whose renewal is not answered gets another stream",
            metadata: ["lease": "\(id)"]
        )
    }

    private func heard(_ news: LeaseStream.News) {
        switch news {
        case .answered(let id, let sentAt, let ttl):
            self.measureSlack(of: id, renewedFor: ttl)
            if ContinuousClock.now - sentAt < Self.promptness {
                self.close(self.lanes.moveHome(id))
            }
            self.update(id) { machine, now in
                machine.answered(.stream, sentAt: sentAt, ttl: ttl, now: now)
            }
        case .failed(let ids, let error):
            for id in ids {
                self.update(id) { machine, now in machine.failed(.stream, error, now: now) }
            }
        }
    }

    /// A stream without leases would keep the connection busy with PINGs.
    private func close(_ lane: LeaseLanes.Lane?) {
        guard let lane else { return }
        self.streams.removeValue(forKey: lane)?.assumeIsolated { $0.end() }
    }
}
