// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire

// Finding out whether a member that sends nothing has nothing to send.

extension WatchStream {
    /// How long the answer to a question may take.
    private static let answerTimeout: Duration = .milliseconds(1500)

    /// How long silence is taken for granted: less than the connection's own PINGs take, which prove
    /// less.
    static func silenceLimit(_ configuration: EtcdClient.Configuration) -> Duration {
        configuration.keepAliveInterval * 2 / 5
    }

    /// Looks after the stream from now on, until it is dropped.
    func watchSilence() {
        let share = Double.random(in: 0.75...1)
        self.silenceTimer?.cancel()
        let check = self.silence.nextCheck(after: .now, share: share)
        self.silenceTimer = self.core.loop.schedule(at: check) {
            self.assumeIsolated { $0.look(share: share) }
        }
    }

    private func look(share: Double) {
        self.silenceTimer = nil
        let now = ContinuousClock.now
        guard let stream = self.stream else { return }
        self.silence.delivered(inAll: self.machine.deliveryCount)
        // Also with one endpoint: several members may stand behind it.
        guard let key = self.machine.someLiveKey else {
            self.silence.heard(at: now)
            return self.watchSilence()
        }
        guard self.silence.isToAsk(at: now, share: share) else { return self.watchSilence() }
        let generation = self.generation
        // Unstructured: it ends by its timeout, and a stream that is gone ignores the outcome.
        Task {
            let failure = await self.core.question(stream, key, timeout: Self.answerTimeout)
            guard self.generation == generation else { return }
            self.questioned(stream, failure)
        }
    }

    private func questioned(_ stream: ClientStream, _ failure: EtcdError?) {
        let now = ContinuousClock.now
        guard let failure else {
            self.silence.answered(at: now)
            return self.watchSilence()
        }
        guard self.silence.failed(at: now) else { return self.watchSilence() }
        self.leaveMember(.silentMember(failure, endpoint: stream.endpoint))
    }
}

extension ClientCore {
    /// Asks the member of a stream, over the stream's own connection, for what only a member can
    /// tell that is in contact with the leader.
    ///
    /// - Parameters:
    ///   - stream: The stream.
    ///   - key: A key that the client may read.
    ///   - timeout: How long it may take.
    /// - Returns: Why the member is of no use; nil if it is.
    fileprivate func question(
        _ stream: ClientStream,
        _ key: [UInt8],
        timeout: Duration
    ) async -> EtcdError? {
        let deadline = ContinuousClock.now + timeout
        // A refusal tells as much: the server looks at the token after it has asked the leader.
        let metadata = self.tokens.current ?? Self.bareMetadata
        do throws(CallFailure) {
            _ = try await stream.connection.unary(
                .range,
                framed: RangeRequest(key: key, countOnly: true).serialized(leadingSpace: 5),
                metadata: metadata.withLeader,
                deadline: deadline
            )
            return nil
        } catch {
            let verdict = CallVerdict(error, of: .range, since: nil, endpoint: stream.endpoint)
            switch error.reason {
            case .deadlineExceeded: return verdict.error
            default: return verdict.remedy == .elsewhere ? verdict.error : nil
            }
        }
    }
}

extension GRPCMethod {
    fileprivate static let range = GRPCMethod(service: "etcdserverpb.KV", method: "Range")
}

extension EtcdError {
    fileprivate static func silentMember(_ failure: EtcdError, endpoint: Endpoint) -> EtcdError {
        EtcdError(
            code: .unavailable,
            message: "the member that serves the watches was silent and did not answer a question "
                + "as one that serves: \(failure.message)",
            endpoint: endpoint.description
        )
    }
}
