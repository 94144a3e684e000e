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
    }

    /// What the stream has to do after a delivery.
    enum Room: Equatable {
        case enough
        /// The limit is exceeded: stop the watch until the consumer asks for more.
        case suspend
        /// The limit is exceeded: the watch has failed.
        case fail
    }

    private struct Entry {
        let item: Item
        let byteCount: Int
        let eventCount: Int
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
        /// Unread entries, from `head` on.
        var entries: [Entry] = []
        var head = 0
        var eventCount = 0
        var byteCount = 0
        var isSuspended = false
        var opener: CheckedContinuation<Void, Never>?
        var reader: CheckedContinuation<Taken, Never>?

        /// Makes room for news of progress that say more, so that they do not pile up.
        mutating func dropLastProgress() {
            guard self.head < self.entries.count, case .progress = self.entries.last?.item else {
                return
            }
            self.entries.removeLast()
        }
    }

    let handle: WatchHandle
    private let options: EtcdWatchOptions
    private let state = Mutex(State())

    init(handle: WatchHandle, options: EtcdWatchOptions) {
        self.handle = handle
        self.options = options
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
        _ = self.deliver(.resumed(header), eventCount: 0, byteCount: 0)
    }

    /// The server told how far it has come, by itself or because the consumer wanted to know.
    func progressed(_ header: EtcdResponseHeader, wasRequested: Bool = false) {
        guard wasRequested || self.options.progressNotifications else { return }
        _ = self.deliver(.progress(header), eventCount: 0, byteCount: 0)
    }

    /// Events came.
    func deliver(_ events: [Event], header: EtcdResponseHeader, byteCount: Int) -> Room {
        self.deliver(
            .events(events, header: header),
            eventCount: events.count,
            byteCount: byteCount
        )
    }

    private func deliver(_ item: Item, eventCount: Int, byteCount: Int) -> Room {
        let (reader, room) = self.state.withLock {
            state -> (CheckedContinuation<Taken, Never>?, Room) in
            if case .over = state.life { return (nil, .enough) }
            if let reader = state.reader.take() { return (reader, .enough) }
            if case .progress = item { state.dropLastProgress() }
            state.entries.append(
                Entry(item: item, byteCount: byteCount, eventCount: eventCount)
            )
            state.eventCount += eventCount
            state.byteCount += byteCount
            guard
                state.eventCount > self.options.bufferLimit
                    || state.byteCount > self.options.bufferByteLimit
            else { return (nil, .enough) }
            guard self.options.overflowPolicy == .suspend else { return (nil, .fail) }
            state.isSuspended = true
            return (nil, .suspend)
        }
        reader?.resume(returning: Taken(step: .item(item)))
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
            state.entries = []
            state.head = 0
            state.eventCount = 0
            state.byteCount = 0
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
        if let ready = self.state.withLock({ self.take(from: &$0) }) { return ready }
        return await withCheckedContinuation(isolation: isolation) { continuation in
            let ready = self.state.withLock { state -> Taken? in
                if let ready = self.take(from: &state) { return ready }
                guard state.reader == nil else {
                    return Taken(step: .failure(.secondWatchConsumer))
                }
                state.reader = continuation
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    private func take(from state: inout State) -> Taken? {
        guard state.head < state.entries.count else {
            switch state.life {
            case .over(let error):
                state.life = .over(nil)
                return Taken(step: error.map { .failure($0) } ?? .end)
            case .opening, .open:
                return nil
            }
        }
        let entry = state.entries[state.head]
        state.head += 1
        state.eventCount -= entry.eventCount
        state.byteCount -= entry.byteCount
        if state.head == state.entries.count {
            state.entries.removeAll(keepingCapacity: state.head <= 64)
            state.head = 0
        } else if state.head >= 256 {
            state.entries.removeFirst(state.head)
            state.head = 0
        }
        let hasRoom =
            state.eventCount <= self.options.bufferLimit / 2
            && state.byteCount <= self.options.bufferByteLimit / 2
        let mayProceed = state.isSuspended && hasRoom
        if mayProceed { state.isSuspended = false }
        return Taken(step: .item(entry.item), mayProceed: mayProceed)
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
