// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitLinux
import Glibc

/// Waits for descriptors by epoll, level-triggered.
@safe
struct Poller: ~Copyable {
    /// What to wait for, or what happened.
    struct Interest: OptionSet {
        let rawValue: UInt32

        static let readable = Interest(rawValue: UInt32(EPOLLIN.rawValue))
        static let writable = Interest(rawValue: UInt32(EPOLLOUT.rawValue))
        /// Reported by the kernel without being asked for.
        static let failed = Interest(rawValue: EPOLLERR.rawValue | EPOLLHUP.rawValue)
    }

    private let epoll: FileDescriptor
    private var ready: [epoll_event]

    init() throws(SystemError) {
        self.epoll = FileDescriptor(
            owning: try retryingInterrupts { epoll_create1(Int32(EPOLL_CLOEXEC)) }
        )
        unsafe self.ready = unsafe Array(repeating: epoll_event(), count: 256)
    }

    func add(_ descriptor: Int32, token: UInt64, interest: Interest) throws(SystemError) {
        try self.control(EPOLL_CTL_ADD, descriptor, token, interest)
    }

    func modify(_ descriptor: Int32, token: UInt64, interest: Interest) throws(SystemError) {
        try self.control(EPOLL_CTL_MOD, descriptor, token, interest)
    }

    func remove(_ descriptor: Int32) {
        // A failure means that the descriptor is gone already.
        _ = epoll_ctl(self.epoll.rawValue, EPOLL_CTL_DEL, descriptor, nil)
    }

    private func control(
        _ operation: Int32,
        _ descriptor: Int32,
        _ token: UInt64,
        _ interest: Interest
    ) throws(SystemError) {
        var event = unsafe epoll_event(events: interest.rawValue, data: epoll_data_t(u64: token))
        _ = try retryingInterrupts {
            unsafe epoll_ctl(self.epoll.rawValue, operation, descriptor, &event)
        }
    }

    /// Waits for events, without blocking if `blocking` is false.
    ///
    /// - Returns: How many there are; ``subscript(_:)`` tells each, until the next wait.
    mutating func wait(blocking: Bool) throws(SystemError) -> Int {
        let count = unsafe epoll_wait(
            self.epoll.rawValue,
            &self.ready,
            Int32(self.ready.count),
            blocking ? -1 : 0
        )
        if count < 0 {
            let error = SystemError.current
            if error.number == EINTR {
                return 0
            }
            throw error
        }
        return Int(count)
    }

    subscript(index: Int) -> (token: UInt64, happened: Interest) {
        let event = unsafe self.ready[index]
        return unsafe (event.data.u64, Interest(rawValue: event.events))
    }
}
