// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Looking after the peer: what ``ConnectionLiveness`` decides is done here.
extension Connection {
    /// What the pool wants to know about a connection's peer.
    package enum Health: Sendable {
        /// Calls wait, and nothing shows that the peer can answer them.
        case suspect(ConnectionFailure)
        /// An answer showed that the member can do all its work.
        case answering
    }

    /// A call or stream has begun.
    func lookAfter(_ call: GRPCCall) {
        let settings = self.liveness.settings
        self.checkLiveness(
            by: call.startedAt + (call.isUnary ? settings.askAfter : settings.keepAliveInterval)
        )
    }

    /// Another connection to the peer found something wrong with it: asks at once.
    package nonisolated func question() {
        self.loop.execute {
            self.assumeIsolated { connection in
                guard connection.machine.isReady else { return }
                connection.liveness.doubt(now: .now)
                connection.checkLiveness()
            }
        }
    }

    /// Ends the calls that may be made elsewhere, and those that the peer cannot know of.
    package nonisolated func moveCalls(because failure: ConnectionFailure) {
        self.loop.execute {
            self.assumeIsolated { connection in
                for stream in Array(connection.session.openStreams) {
                    guard let call = stream as? GRPCCall, call.isUnary,
                        call.conduct.mayMove || !call.wasSent
                    else { continue }
                    call.abort(.connection(failure))
                }
                connection.scheduleFlush()
            }
        }
    }

    private func checkLiveness(by time: ContinuousClock.Instant) {
        if let timer = self.livenessTimer, timer.deadline <= time { return }
        self.livenessTimer?.cancel()
        self.livenessTimer = self.loop.schedule(at: time) { [weak self] in
            self?.assumeIsolated { $0.checkLiveness() }
        }
    }

    private func checkLiveness() {
        self.livenessTimer?.cancel()
        self.livenessTimer = nil
        let now = ContinuousClock.now
        var facts = ConnectionLiveness.Facts(
            now: now,
            lastReceived: self.lastReceived,
            lastAnswered: self.answers.last,
            roundTrip: self.answers.roundTrip ?? .zero,
            answerPatience: self.configuration.answerPatience?.current(now: now) ?? .zero,
            takesCalls: self.takesCalls
        )
        for stream in self.session.openStreams {
            guard let call = stream as? GRPCCall else { continue }
            facts.openSince = min(facts.openSince ?? call.startedAt, call.startedAt)
            guard call.isUnary else { continue }
            facts.oldestCall = min(facts.oldestCall ?? call.startedAt, call.startedAt)
            guard call.conduct.isPrompt else { continue }
            facts.oldestPromptCall = min(facts.oldestPromptCall ?? call.startedAt, call.startedAt)
        }
        let (actions, next) = self.liveness.check(facts)
        for action in actions {
            switch action {
            case .ping:
                self.pingedAt = now
                self.session.ping()
                self.scheduleFlush()
            case .ask:
                self.askForProof()
            case .suspect(let isSilent):
                if let at = self.questioned?.at, self.lastReceived > at {
                    self.questioned?.wasHeard = true
                }
                self.becameSuspect(
                    .unresponsive(
                        isSilent
                            ? "the peer is silent while calls wait"
                            : "the member takes calls and does not answer them"
                    )
                )
            case .end:
                self.fail(.keepAliveTimeout)
                return
            }
        }
        if let next { self.checkLiveness(by: next) }
    }

    private func becameSuspect(_ failure: ConnectionFailure) {
        self.reportNextAnswer()
        self.onHealth?(.suspect(failure))
    }

    /// Tells of the next answer that shows that the member can do all its work.
    func reportNextAnswer() {
        self.answers.onNext = { [unowned self] in self.onHealth?(.answering) }
    }

    /// Whether calls are still sent on it.
    private var takesCalls: Bool { self.machine.isReady && self.isUsable }

    private func askForProof() {
        guard let probe = self.configuration.probe, self.takesCalls else { return }
        let asked = ContinuousClock.now
        if self.questioned == nil { self.questioned = (asked, wasHeard: false) }
        self.make(probe.proof, deadline: asked + self.liveness.settings.keepAliveTimeout) {
            [weak self] failure in
            self?.assumeIsolated { connection in
                if failure == nil { connection.wasAnswered() } else { connection.questioned = nil }
            }
        }
    }

    /// The first question that was open was answered.
    private func wasAnswered() {
        guard let (asked, wasHeard) = self.questioned.take(), wasHeard else { return }
        let now = ContinuousClock.now
        self.configuration.answerPatience?.wasAnswered(after: now - asked, now: now)
    }
}
