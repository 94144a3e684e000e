// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitLinux
import Glibc
import Synchronization

/// What the loop tells about a descriptor.
///
/// Called on the loop's thread.
protocol EventLoopHandler: AnyObject {
    func descriptorIsReady(_ happened: Poller.Interest)
}

/// Work of a connection that is done once per round of the loop, after all events and jobs.
protocol EventLoopFlushable: AnyObject {
    func flush()
}

/// One thread that waits for descriptors and timers and runs the actors bound to it.
///
/// As a `SerialExecutor` it is the home of connections and of what multiplexes on them, so that C
/// callbacks and actor code share a thread without locks. A round is: events, then jobs, then
/// flushes, then sleep; requests that arrive while the loop is busy are taken together and leave in
/// one write. A wake-up costs a system call only when the loop sleeps.
///
/// `@unchecked Sendable`: `inbox` is behind its lock; everything else is touched on the loop's
/// thread only, which ``checkIsolated()`` checks at the entries.
@safe
package final class EventLoop: SerialExecutor, @unchecked Sendable {
    /// The loop that clients share.
    ///
    /// It lives as long as the process.
    package static let shared = EventLoop(name: "etcdkit-loop")

    private enum Work {
        case job(UnownedJob)
        case closure(@Sendable () -> Void)
    }

    private struct Inbox {
        var work: [Work] = []
        var isSleeping = false
        var isStopped = false
    }

    private let inbox = Mutex(Inbox())
    private let wakeUp: FileDescriptor
    private let alarm: FileDescriptor
    private let thread = Atomic<UInt>(0)

    // The loop's thread only.
    private var poller: Poller
    private var timers = TimerQueue()
    private var armedAlarm: ContinuousClock.Instant?
    private var handlers: [UInt64: any EventLoopHandler] = [:]
    private var lastToken: UInt64 = 1
    private var flushables: [any EventLoopFlushable] = []
    private var batch: [Work] = []
    /// Room for one read, shared by the loop's connections.
    let readBuffer: UnsafeMutableRawBufferPointer

    private static let wakeUpToken: UInt64 = 0
    private static let alarmToken: UInt64 = 1

    package init(name: String) {
        unsafe self.readBuffer = .allocate(byteCount: 256 << 10, alignment: 16)
        do {
            self.poller = try Poller()
            self.wakeUp = FileDescriptor(
                owning: try retryingInterrupts {
                    eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
                }
            )
            // BOOTTIME, as leases run on while the machine sleeps.
            self.alarm = FileDescriptor(
                owning: try retryingInterrupts {
                    timerfd_create(
                        CLOCK_BOOTTIME,
                        Int32(TFD_CLOEXEC | TFD_NONBLOCK)
                    )
                }
            )
            try self.poller.add(
                self.wakeUp.rawValue,
                token: Self.wakeUpToken,
                interest: .readable
            )
            try self.poller.add(self.alarm.rawValue, token: Self.alarmToken, interest: .readable)
        } catch {
            // Out of descriptors or memory at the very start: no part of the library can work.
            fatalError("cannot set up an event loop: \(error)")
        }
        self.startThread(name: name)
    }

    deinit {
        unsafe self.readBuffer.deallocate()
    }

    // MARK: Any thread

    /// The executor of an actor that lives on the loop.
    ///
    /// The actor must hold the loop, for this does not.
    @safe package var executorForActors: UnownedSerialExecutor {
        unsafe self.asUnownedSerialExecutor()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        self.add(.job(UnownedJob(job)))
    }

    /// Runs the closure on the loop, after what was enqueued before it.
    package func execute(_ work: @escaping @Sendable () -> Void) {
        self.add(.closure(work))
    }

    /// Runs the closure on the loop once the time has passed.
    ///
    /// Sleep of the machine counts.
    @discardableResult
    package func schedule(
        after delay: Duration,
        _ work: @escaping @Sendable () -> Void
    ) -> EventLoopTimer {
        self.schedule(at: ContinuousClock.now + delay, work)
    }

    /// Runs the closure on the loop at the given time.
    ///
    /// Sleep of the machine counts.
    @discardableResult
    package func schedule(
        at deadline: ContinuousClock.Instant,
        _ work: @escaping @Sendable () -> Void
    ) -> EventLoopTimer {
        let timer = EventLoopTimer(deadline: deadline, work: work)
        if self.isCurrent {
            self.timers.insert(timer)
        } else {
            self.execute { self.timers.insert(timer) }
        }
        return timer
    }

    /// Ends the thread once it has run what was enqueued before.
    ///
    /// Not for ``shared``.
    package func stop() {
        self.execute { self.inbox.withLock { $0.isStopped = true } }
    }

    /// Whether the caller runs on the loop's thread.
    package var isCurrent: Bool {
        self.thread.load(ordering: .relaxed) == UInt(pthread_self())
    }

    package func checkIsolated() {
        precondition(self.isCurrent, "not on the event loop's thread")
    }

    package func isIsolatingCurrentContext() -> Bool? {
        self.isCurrent
    }

    private func add(_ work: Work) {
        let mustWake = self.inbox.withLock { inbox in
            inbox.work.append(work)
            let wasSleeping = inbox.isSleeping
            inbox.isSleeping = false
            return wasSleeping
        }
        if mustWake {
            // Fails only when the counter is full, and then the loop wakes anyway.
            _ = eventfd_write(self.wakeUp.rawValue, 1)
        }
    }

    // MARK: The loop's thread

    /// Watches a descriptor.
    ///
    /// The handler is kept until ``deregister(_:token:)``.
    func register(
        _ descriptor: Int32,
        interest: Poller.Interest,
        handler: any EventLoopHandler
    ) throws(SystemError) -> UInt64 {
        self.checkIsolated()
        self.lastToken += 1
        try self.poller.add(descriptor, token: self.lastToken, interest: interest)
        self.handlers[self.lastToken] = handler
        return self.lastToken
    }

    func modify(
        _ descriptor: Int32,
        token: UInt64,
        interest: Poller.Interest
    ) throws(SystemError) {
        try self.poller.modify(descriptor, token: token, interest: interest)
    }

    func deregister(_ descriptor: Int32, token: UInt64) {
        self.checkIsolated()
        // Tokens are never used twice, so an event already fetched finds nobody.
        if self.handlers.removeValue(forKey: token) != nil {
            self.poller.remove(descriptor)
        }
    }

    /// Calls `flush` at the end of this round.
    ///
    /// Ask once per round.
    func flushSoon(_ flushable: any EventLoopFlushable) {
        self.flushables.append(flushable)
    }

    private func startThread(name: String) {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(Start(loop: self, name: name))
        let result = unsafe pthread_create(
            &thread,
            nil,
            { context in
                // Balanced with passRetained above.
                let start = unsafe Unmanaged<Start>.fromOpaque(context.unsafelyUnwrapped)
                    .takeRetainedValue()
                unsafe CEtcdKitLinux_nameThread(start.name)
                start.loop.thread.store(UInt(pthread_self()), ordering: .relaxed)
                start.loop.run()
                return nil
            },
            context.toOpaque()
        )
        precondition(result == 0, "cannot start the event loop's thread")
        pthread_detach(thread)
    }

    private final class Start {
        let loop: EventLoop
        let name: String

        init(loop: EventLoop, name: String) {
            self.loop = loop
            self.name = name
        }
    }

    private func run() {
        while true {
            self.runInbox()
            self.fireTimers()
            self.flushAll()
            let (mayBlock, isStopped) = self.inbox.withLock { inbox in
                inbox.isSleeping = inbox.work.isEmpty
                return (inbox.isSleeping, inbox.isStopped)
            }
            if isStopped {
                return
            }
            self.armAlarm()
            let eventCount: Int
            do {
                eventCount = try self.poller.wait(blocking: mayBlock)
            } catch {
                // EBADF or EINVAL: the loop's own descriptor was closed under it.
                fatalError("epoll_wait failed: \(error)")
            }
            self.inbox.withLock { $0.isSleeping = false }
            for index in 0..<eventCount {
                let event = self.poller[index]
                self.dispatch(event.token, event.happened)
            }
        }
    }

    private func dispatch(_ token: UInt64, _ happened: Poller.Interest) {
        switch token {
        case Self.wakeUpToken:
            var count: eventfd_t = 0
            _ = unsafe eventfd_read(self.wakeUp.rawValue, &count)
        case Self.alarmToken:
            var expirations: UInt64 = 0
            _ = unsafe Glibc.read(self.alarm.rawValue, &expirations, 8)
            self.armedAlarm = nil
        default:
            self.handlers[token]?.descriptorIsReady(happened)
        }
    }

    private func runInbox() {
        self.inbox.withLock { swap(&$0.work, &self.batch) }
        for work in self.batch {
            switch work {
            case .job(let job):
                unsafe job.runSynchronously(on: self.asUnownedSerialExecutor())
            case .closure(let closure):
                closure()
            }
        }
        self.batch.removeAll(keepingCapacity: true)
    }

    private func fireTimers() {
        guard let earliest = self.timers.earliest else {
            return
        }
        var now = ContinuousClock.now
        guard earliest <= now else {
            return
        }
        if now - earliest >= Self.standstill {
            self.takePendingEvents()
            now = .now
        }
        while let timer = self.timers.popDue(at: now) {
            timer.fire()
        }
    }

    /// So late a timer says that the process stood still, or the loop.
    private static let standstill: Duration = .milliseconds(50)

    /// Takes what has come in meanwhile, so that no timer finds that an answer is missing which only
    /// waits to be read.
    ///
    /// Bounded, for what comes in may not end.
    private func takePendingEvents() {
        for _ in 0..<64 {
            guard let count = try? self.poller.wait(blocking: false), count > 0 else { break }
            for index in 0..<count {
                let event = self.poller[index]
                self.dispatch(event.token, event.happened)
            }
        }
        self.runInbox()
    }

    private func flushAll() {
        while !self.flushables.isEmpty {
            let due = self.flushables
            self.flushables.removeAll(keepingCapacity: true)
            for flushable in due {
                flushable.flush()
            }
        }
    }

    /// Sets the alarm if the first timer is due before it rings.
    ///
    /// An alarm too early is harmless.
    private func armAlarm() {
        guard let earliest = self.timers.earliest else {
            return
        }
        if let armedAlarm = self.armedAlarm, armedAlarm <= earliest {
            return
        }
        // Zero would disarm.
        let (seconds, attoseconds) = max(
            earliest - ContinuousClock.now,
            .nanoseconds(1)
        ).components
        var setting = itimerspec()
        setting.it_value.tv_sec = Int(seconds)
        setting.it_value.tv_nsec = max(Int(attoseconds / 1_000_000_000), seconds == 0 ? 1 : 0)
        _ = unsafe timerfd_settime(self.alarm.rawValue, 0, &setting, nil)
        self.armedAlarm = earliest
    }
}
