// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Work that is due at a time; cancelled from any thread.
package final class EventLoopTimer: Sendable {
    let deadline: ContinuousClock.Instant
    private let work: Mutex<(@Sendable () -> Void)?>

    init(deadline: ContinuousClock.Instant, work: @escaping @Sendable () -> Void) {
        self.deadline = deadline
        self.work = Mutex(work)
    }

    /// The work will not start after this.
    ///
    /// Idempotent.
    package func cancel() {
        // Released outside the lock: the closure may own objects whose deinit comes back here.
        let work = self.work.withLock { $0.take() }
        _ = work
    }

    var isCancelled: Bool { self.work.withLock { $0 == nil } }

    func fire() {
        self.work.withLock { $0.take() }?()
    }
}

/// A binary heap of timers, earliest first.
///
/// Cancelled timers leave when they are due, or when they
/// are the majority.
struct TimerQueue {
    private var heap: [EventLoopTimer] = []
    private var sizeToCompactAt = 1024

    /// How many timers are kept, cancelled ones included.
    var count: Int { self.heap.count }

    /// When the first timer is due.
    var earliest: ContinuousClock.Instant? { self.heap.first?.deadline }

    mutating func insert(_ timer: EventLoopTimer) {
        if self.heap.count >= self.sizeToCompactAt {
            self.compact()
        }
        self.heap.append(timer)
        self.siftUp(self.heap.count - 1)
    }

    /// Removes and returns the first timer if it is due.
    mutating func popDue(at now: ContinuousClock.Instant) -> EventLoopTimer? {
        guard let first = self.heap.first, first.deadline <= now else {
            return nil
        }
        let last = self.heap.removeLast()
        if !self.heap.isEmpty {
            self.heap[0] = last
            self.siftDown(0)
        }
        return first
    }

    private mutating func compact() {
        self.heap.removeAll { $0.isCancelled }
        self.heap.sort { $0.deadline < $1.deadline }  // a sorted array is a heap
        self.sizeToCompactAt = max(1024, self.heap.count * 2)
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard self.heap[child].deadline < self.heap[parent].deadline else {
                return
            }
            self.heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < self.heap.count {
                if self.heap[child].deadline < self.heap[smallest].deadline {
                    smallest = child
                }
            }
            if smallest == parent {
                return
            }
            self.heap.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
