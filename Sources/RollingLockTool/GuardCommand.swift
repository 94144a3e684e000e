// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import ProcessControl

/// The guardian process: see ``Guardian``.
///
/// Not for people.
struct GuardCommand: ParsableCommand {
    static let name = "guard"
    /// The status that says that the group lived until its time was over.
    static let killed: Int32 = 1
    static let configuration = CommandConfiguration(
        commandName: Self.name,
        abstract: "Kills a command whose rolling-lock can no longer do it.",
        shouldDisplay: false
    )

    @Argument var graceNanoseconds: Int64

    func run() throws {
        for number in [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE] { _ = signal(number, SIG_IGN) }
        var orders = GuardOrders()
        while true {
            let timeout = orders.milliseconds(at: BootClock.nanoseconds)
            var descriptor = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
            let ready = unsafe poll(&descriptor, 1, timeout)
            if orders.isOverdue(at: BootClock.nanoseconds) {
                if orders.kill() { throw ExitCode(Self.killed) }
                return
            }
            guard ready > 0 else { continue }
            var buffer = [UInt8](repeating: 0, count: 512)
            let count = unsafe read(0, &buffer, buffer.count)
            guard count > 0 else {
                orders.endGently(graceNanoseconds: self.graceNanoseconds)
                return
            }
            orders.receive(buffer.prefix(count))
            if orders.isDone { return }
        }
    }
}

/// What the guardian was told so far.
private struct GuardOrders {
    private(set) var isDone = false
    private var group: pid_t?
    /// The moment at which the group must be dead, on ``BootClock``.
    private var deadline: Int64?
    private var unread: [UInt8] = []

    mutating func receive(_ bytes: ArraySlice<UInt8>) {
        self.unread += bytes
        while let end = self.unread.firstIndex(of: UInt8(ascii: "\n")) {
            let words = String(decoding: self.unread[..<end], as: UTF8.self).split(separator: " ")
            self.unread.removeSubrange(...end)
            switch (words.first, words.last.flatMap { Int64($0) }) {
            case ("group", .some(let number)): self.group = pid_t(number)
            case ("until", .some(let moment)): self.deadline = moment
            default: self.isDone = true
            }
        }
    }

    /// How long to wait for orders, for poll(2).
    func milliseconds(at now: Int64) -> Int32 {
        guard self.group != nil, let deadline = self.deadline else { return -1 }
        return Int32(clamping: max(0, (deadline - now) / 1_000_000 + 1))
    }

    func isOverdue(at now: Int64) -> Bool {
        guard self.group != nil, let deadline = self.deadline else { return false }
        return now >= deadline
    }

    /// Kills the group; false when it was gone already.
    func kill() -> Bool { self.send(SIGKILL) }

    /// Asks the group to end, and kills it after the grace or at the deadline.
    func endGently(graceNanoseconds: Int64) {
        guard self.group != nil else { return }
        self.send(SIGTERM)
        let end = min(BootClock.nanoseconds + graceNanoseconds, self.deadline ?? .max)
        while BootClock.nanoseconds < end {
            // The group is gone when there is nobody left to signal.
            guard self.send(0) else { return }
            usleep(10_000)
        }
        self.send(SIGKILL)
    }

    @discardableResult
    private func send(_ signal: Int32) -> Bool {
        guard let group = self.group else { return false }
        return Glibc.kill(-group, signal) == 0
    }
}
