// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Where the shared watch leaves what one subscriber has not read yet.
final class SubscriptionMailbox: Sendable {
    /// What the consumer gets.
    enum Step: Sendable {
        case batch(EtcdChangeBatch)
        /// The state to begin with; it is sorted on the consumer's side.
        case snapshot(SharedImage)
        /// The buffer was full and is read: go on alone behind this revision.
        case detached(after: EtcdRevision)
        /// Go on with this watch.
        case own(EtcdWatch, after: EtcdRevision)
        case failure(EtcdError)
        /// The subscription was cancelled here.
        case end
    }

    private enum Life {
        /// The shared watch is being opened.
        case opening
        case open
        /// It reads a watch of its own.
        case own(EtcdWatch, after: EtcdRevision)
        /// Over. An error is delivered once, behind what is buffered.
        case over(EtcdError?)
    }

    private struct State {
        var life: Life = .opening
        var buffer: SubscriptionBuffer
        var image: SharedImage?
        var opener: CheckedContinuation<Void, Never>?
        /// Opens the watch of its own.
        var leaving: Task<EtcdWatch, any Error>?
        var reader: CheckedContinuation<Step, Never>?
        var storeEpoch = 0
    }

    let range: EtcdKeyRange
    private let options: EtcdSubscriptionOptions
    private let policy: EtcdSubscriptionOptions.OverflowPolicy
    private let state: Mutex<State>

    init(
        range: EtcdKeyRange,
        options: EtcdSubscriptionOptions,
        policy: EtcdSubscriptionOptions.OverflowPolicy
    ) {
        self.range = range
        self.options = options
        self.policy = policy
        self.state = Mutex(State(buffer: Self.buffer(range, options, policy, from: 0)))
    }

    private static func buffer(
        _ range: EtcdKeyRange,
        _ options: EtcdSubscriptionOptions,
        _ policy: EtcdSubscriptionOptions.OverflowPolicy,
        from position: EtcdRevision
    ) -> SubscriptionBuffer {
        SubscriptionBuffer(
            range: range,
            position: position,
            policy: policy,
            eventLimit: options.bufferLimit,
            byteLimit: options.bufferByteLimit
        )
    }
}

// MARK: - The shared watch's side

extension SubscriptionMailbox {
    /// What is reported from now on is for this subscriber too.
    ///
    /// - Parameters:
    ///   - position: The revision up to which everything was reported before.
    ///   - image: The state at that revision, if there is one.
    ///   - storeEpoch: Which store that was.
    func begin(at position: EtcdRevision, image: SharedImage?, storeEpoch: Int) {
        let opener = self.state.withLock { state in
            guard case .opening = state.life else {
                return nil as CheckedContinuation<Void, Never>?
            }
            state.life = .open
            state.storeEpoch = storeEpoch
            state.buffer = Self.buffer(self.range, self.options, self.policy, from: position)
            if self.options.start == .snapshot { state.image = image }
            return state.opener.take()
        }
        opener?.resume()
    }

    /// Something was reported.
    ///
    /// - Returns: False if the subscriber shares no longer.
    func deliver(_ batch: EtcdChangeBatch) -> Bool {
        let (reader, step, stays) = self.state.withLock {
            state -> (CheckedContinuation<Step, Never>?, Step?, Bool) in
            guard case .open = state.life else { return (nil, nil, false) }
            switch state.buffer.add(batch) {
            case .kept:
                // Whoever waits has read everything else, the image included.
                guard let reader = state.reader.take() else { return (nil, nil, true) }
                return (reader, state.buffer.take().map { .batch($0) }, true)
            case .none:
                return (nil, nil, true)
            case .detach:
                return (nil, nil, false)
            case .fail:
                state.life = .over(.slowConsumer)
                return (nil, nil, false)
            }
        }
        if let step { reader?.resume(returning: step) }
        return stays
    }

    /// The shared watch is over.
    func end(_ error: EtcdError?) {
        let (opener, reader) = self.state.withLock {
            state -> (CheckedContinuation<Void, Never>?, CheckedContinuation<Step, Never>?) in
            switch state.life {
            case .opening, .open: break
            case .own, .over: return (nil, nil)
            }
            // One that has left for a watch of its own does not share its end either.
            if state.buffer.isClosed { return (nil, nil) }
            let reader = state.reader.take()
            state.life = .over(reader == nil ? error : nil)
            return (state.opener.take(), reader)
        }
        opener?.resume()
        reader?.resume(returning: error.map { .failure($0) } ?? .end)
    }
}

// MARK: - The consumer's side

extension SubscriptionMailbox {
    /// Nobody wants what would still come.
    func discard() {
        let (opener, reader, own, leaving) = self.state.withLock {
            state -> (
                CheckedContinuation<Void, Never>?, CheckedContinuation<Step, Never>?, EtcdWatch?,
                Task<EtcdWatch, any Error>?
            ) in
            var own: EtcdWatch?
            if case .own(let watch, _) = state.life { own = watch }
            state.life = .over(nil)
            state.image = nil
            state.buffer = Self.buffer(self.range, self.options, self.policy, from: 0)
            return (state.opener.take(), state.reader.take(), own, state.leaving.take())
        }
        own?.cancel()
        leaving?.cancel()
        opener?.resume()
        reader?.resume(returning: .end)
    }

    /// Waits until the shared watch is open.
    ///
    /// - Throws: The error with which it ended.
    func beginning() async throws(EtcdError) {
        await withCheckedContinuation { continuation in
            let isDecided = self.state.withLock { state in
                guard case .opening = state.life else { return true }
                state.opener = continuation
                return false
            }
            if isDecided { continuation.resume() }
        }
        let error = self.state.withLock { state -> EtcdError? in
            guard case .over(let error) = state.life else { return nil }
            state.life = .over(nil)
            return error
        }
        if let error { throw error }
    }

    /// A watch of its own is being opened; whoever discards the mailbox cancels that.
    ///
    /// - Returns: False if the subscription was cancelled meanwhile.
    func isLeaving(by opening: Task<EtcdWatch, any Error>) -> Bool {
        self.state.withLock { state in
            guard case .open = state.life else { return false }
            state.leaving = opening
            return true
        }
    }

    /// A watch of its own is there.
    ///
    /// - Returns: False if the subscription was cancelled meanwhile.
    func goOn(with watch: EtcdWatch, after revision: EtcdRevision) -> Bool {
        self.state.withLock { state in
            state.leaving = nil
            guard case .open = state.life else { return false }
            state.life = .own(watch, after: revision)
            return true
        }
    }

    /// Which store the subscriber's revisions are of.
    var storeEpoch: Int { self.state.withLock { $0.storeEpoch } }

    /// Takes the next thing to do or waits for it.
    ///
    /// - Parameter isolation: The isolation of the caller.
    /// - Returns: What came.
    func next(isolation: isolated (any Actor)?) async -> Step {
        await withCheckedContinuation(isolation: isolation) { continuation in
            let ready = self.state.withLock { state -> Step? in
                if let ready = Self.take(from: &state) { return ready }
                guard state.reader == nil else { return .failure(.secondSubscriptionConsumer) }
                state.reader = continuation
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    private static func take(from state: inout State) -> Step? {
        if let image = state.image.take() { return .snapshot(image) }
        if let batch = state.buffer.take() { return .batch(batch) }
        switch state.life {
        case .opening:
            return nil
        case .open:
            return state.buffer.isClosed ? .detached(after: state.buffer.position) : nil
        case .own(let watch, let revision):
            return .own(watch, after: revision)
        case .over(let error):
            state.life = .over(nil)
            return error.map { .failure($0) } ?? .end
        }
    }
}

extension EtcdError {
    fileprivate static var secondSubscriptionConsumer: EtcdError {
        EtcdError(
            code: .invalidArgument,
            message: "a subscription has one consumer, and another task already waits for its "
                + "next batch"
        )
    }
}
