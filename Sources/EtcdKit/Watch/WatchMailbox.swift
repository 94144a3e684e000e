// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Synchronization

/// Where the stream leaves what the consumer of one watch has not read yet.
///
/// A consumer that waits is resumed straight from the event loop, with the events in hand: that is
/// the one hop between the socket and the consumer. Turning wire messages into the public types is
/// left to the consumer's side.
final class WatchMailbox: Sendable {
    /// One thing to deliver.
    enum Item: Sendable, Equatable {
        case events([Event], header: EtcdResponseHeader)
        /// The last event of each key, where there was more than the consumer took.
        case coalesced([Event], header: EtcdResponseHeader)
        case progress(EtcdResponseHeader)
        case resumed(EtcdResponseHeader)
    }

    /// What a consumer gets.
    enum Step: Sendable {
        case item(Item)
        /// The watch was cancelled here.
        case end
        case failure(EtcdError)
    }

    /// What a consumer gets, and whether the stream may continue a watch it had to stop.
    struct Taken: Sendable {
        var step: Step
        var mayProceed = false
        /// When it came, if somebody wants to know.
        var arrivedAt: ContinuousClock.Instant?
    }

    /// What the stream has to do after a delivery.
    enum Room: Equatable {
        case enough
        /// The limit is exceeded: stop the watch until the consumer asks for more.
        case suspend
        /// The limit is exceeded: the watch has failed.
        case fail
    }

    private enum Life {
        /// The server has not acknowledged the watch.
        case opening
        case open
        /// Over. An error is delivered once, behind what is buffered.
        case over(EtcdError?)
    }

    private struct State {
        var life: Life = .opening
        var acknowledged: EtcdRevision?
        var buffer: WatchBuffer
        var opener: CheckedContinuation<Void, Never>?
        var reader: CheckedContinuation<Taken, Never>?
    }

    let handle: WatchHandle
    private let options: EtcdWatchOptions
    private let recordsArrival: Bool
    private let state: Mutex<State>

    init(handle: WatchHandle, options: EtcdWatchOptions, recordsArrival: Bool = false) {
        self.handle = handle
        self.options = options
        self.recordsArrival = recordsArrival
        self.state = Mutex(State(buffer: WatchBuffer(options: options)))
    }
}

// MARK: - The stream's side

extension WatchMailbox {
    /// Whether the watch waits for its first acknowledgement.
    var isOpening: Bool {
        self.state.withLock { state in
            if case .opening = state.life { return true }
            return false
        }
    }

    /// The server acknowledged the watch for the first time.
    func acknowledged(_ revision: EtcdRevision) {
        let opener = self.state.withLock { state in
            guard case .opening = state.life else {
                return nil as CheckedContinuation<Void, Never>?
            }
            state.life = .open
            state.acknowledged = revision
            return state.opener.take()
        }
        opener?.resume()
    }

    /// The server acknowledged the watch again.
    func resumed(_ header: EtcdResponseHeader) {
        guard self.options.reportsResumption else { return }
        _ = self.deliver(.resumed(header), byteCount: 0)
    }

    /// The server told how far it has come, by itself or because the consumer wanted to know.
    func progressed(_ header: EtcdResponseHeader, wasRequested: Bool = false) {
        guard wasRequested || self.options.progressNotifications else { return }
        _ = self.deliver(.progress(header), byteCount: 0)
    }

    /// Events came.
    func deliver(_ events: [Event], header: EtcdResponseHeader, byteCount: Int) -> Room {
        self.deliver(.events(events, header: header), byteCount: byteCount)
    }

    private func deliver(_ item: Item, byteCount: Int) -> Room {
        let arrivedAt: ContinuousClock.Instant? = self.recordsArrival ? .now : nil
        let (reader, room) = self.state.withLock {
            state -> (CheckedContinuation<Taken, Never>?, Room) in
            if case .over = state.life { return (nil, .enough) }
            if let reader = state.reader.take() { return (reader, .enough) }
            return (nil, state.buffer.add(item, byteCount: byteCount, arrivedAt: arrivedAt))
        }
        reader?.resume(returning: Taken(step: .item(item), arrivedAt: arrivedAt))
        return room
    }

    /// The watch is over: by an error, or quietly.
    func end(_ error: EtcdError?) {
        let (opener, reader) = self.state.withLock {
            state -> (CheckedContinuation<Void, Never>?, CheckedContinuation<Taken, Never>?) in
            if case .over = state.life { return (nil, nil) }
            let reader = state.reader.take()
            // A reader that waits gets the error at once, and nobody gets it twice.
            state.life = .over(reader == nil ? error : nil)
            return (state.opener.take(), reader)
        }
        opener?.resume()
        reader?.resume(returning: Taken(step: error.map { .failure($0) } ?? .end))
    }
}

// MARK: - The consumer's side

extension WatchMailbox {
    /// Nobody wants what would still come.
    func discard() {
        self.end(nil)
        self.state.withLock { state in
            state.life = .over(nil)
            state.buffer.removeAll()
        }
    }

    /// Waits until the server has acknowledged the watch.
    ///
    /// - Returns: The server's revision; `nil` if the watch was discarded meanwhile.
    /// - Throws: The error with which the watch ended.
    func acknowledgement() async throws(EtcdError) -> EtcdRevision? {
        await withCheckedContinuation { continuation in
            let isDecided = self.state.withLock { state in
                guard case .opening = state.life else { return true }
                state.opener = continuation
                return false
            }
            if isDecided { continuation.resume() }
        }
        let (revision, error) = self.state.withLock { state -> (EtcdRevision?, EtcdError?) in
            if case .over(let error) = state.life, state.acknowledged == nil {
                return (nil, error)
            }
            return (state.acknowledged, nil)
        }
        if let error { throw error }
        return revision
    }

    /// Takes the next item or waits for it.
    ///
    /// - Parameter isolation: The isolation of the caller.
    /// - Returns: What came, and whether the stream may continue the watch now.
    func next(isolation: isolated (any Actor)?) async -> Taken {
        if let ready = self.state.withLock({ Self.take(from: &$0) }) { return ready }
        return await withCheckedContinuation(isolation: isolation) { continuation in
            let ready = self.state.withLock { state -> Taken? in
                if let ready = Self.take(from: &state) { return ready }
                guard state.reader == nil else {
                    return Taken(step: .failure(.secondWatchConsumer))
                }
                state.reader = continuation
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    private static func take(from state: inout State) -> Taken? {
        if let (item, mayProceed) = state.buffer.take() {
            return Taken(
                step: .item(item),
                mayProceed: mayProceed,
                arrivedAt: state.buffer.takenArrival
            )
        }
        switch state.life {
        case .over(let error):
            state.life = .over(nil)
            return Taken(step: error.map { .failure($0) } ?? .end)
        case .opening, .open:
            return nil
        }
    }
}

extension EtcdError {
    fileprivate static var secondWatchConsumer: EtcdError {
        EtcdError(
            code: .invalidArgument,
            message: "a watch has one consumer, and another task already waits for its next batch"
        )
    }
}
