// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ProcessControl
import Synchronization

/// What is known so far, from everybody who reports: services, observers, rolling-lock and etcd.
package struct Chronicle: Sendable {
    /// One `rolling-lock run`.
    package struct Request: Sendable {
        package enum Death: Sendable { case whileWaiting, whileHolding }

        package let unit: String
        package let asked: Int64
        package var notes: [Note] = []
        package var death: (kind: Death, time: Int64)?
        /// Its exit status; nil while it runs and after its death.
        package var status: Int32?
        package var hasEnded = false

        package init(unit: String, asked: Int64) {
            self.unit = unit
            self.asked = asked
        }

        func first(_ event: String) -> Note? { self.notes.first { $0.event == event } }
        var granted: Note? { self.first("granted") }
        var releasing: Note? { self.first("releasing") }
        /// When it ceased to hold the lock by its own doing or dying.
        var letGo: Int64? { self.releasing?.time ?? self.death?.time }
    }

    /// A ticket as etcd showed it.
    package struct Ticket: Sendable {
        package let unit: String
        package let revision: Int64
        package let seen: Int64
        package var gone: Int64?

        package init(unit: String, revision: Int64, seen: Int64) {
            self.unit = unit
            self.revision = revision
            self.seen = seen
        }
    }

    let begin = BootClock.nanoseconds
    package var requests: [Request] = []
    package var tickets: [Ticket] = []
    /// What the services say, by unit.
    package var services: [String: [Note]] = [:]
    /// What the observers say, by unit.
    package var observers: [String: [Note]] = [:]
    /// The story so far, for people.
    var story: [(time: Int64, text: String)] = []

    package init() {}

    /// The queue as it stands.
    var queue: [Ticket] {
        self.tickets.filter { $0.gone == nil }.sorted { $0.revision < $1.revision }
    }

    /// The ticket of a request: a unit's first request made its first ticket, and so on.
    func ticket(ofRequest index: Int) -> Ticket? {
        let unit = self.requests[index].unit
        let number = self.requests[..<index].count { $0.unit == unit }
        let tickets = self.tickets.filter { $0.unit == unit }
        return number < tickets.count ? tickets[number] : nil
    }

    /// The number of tickets ahead of a request; nil if it has none in the queue.
    func place(ofRequest index: Int) -> Int? {
        guard let ticket = self.ticket(ofRequest: index) else { return nil }
        return self.queue.firstIndex { $0.revision == ticket.revision }
    }
}

/// The chronicle, shared by those who write and those who show it.
final class SharedChronicle: Sendable {
    private let state = Mutex(Chronicle())
    private let onStory: @Sendable (Int64, String) -> Void

    /// Begins a chronicle.
    ///
    /// - Parameter onStory: Called with the nanoseconds since the beginning and the text of each
    ///   event of the story.
    init(onStory: @escaping @Sendable (Int64, String) -> Void) { self.onStory = onStory }

    var now: Chronicle { self.state.withLock { $0 } }

    func update<Result>(_ body: (inout Chronicle) -> Result) -> Result {
        self.state.withLock { body(&$0) }
    }

    /// Adds an event to the story.
    func tell(_ text: String) {
        let time = BootClock.nanoseconds
        let begin = self.state.withLock { chronicle in
            chronicle.story.append((time, text))
            return chronicle.begin
        }
        self.onStory(time - begin, text)
    }

    /// Waits until something is so.
    func wait(
        _ what: String,
        within limit: Duration = .seconds(60),
        until isSo: (Chronicle) -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while !isSo(self.now) {
            guard ContinuousClock.now < deadline else {
                throw DemoFailure("waited \(limit) in vain: \(what)")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
