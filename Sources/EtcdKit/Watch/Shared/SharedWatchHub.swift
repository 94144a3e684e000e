// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Reads one watch or mirror and hands what it reports to all subscribers.
///
/// One task reads; it runs while there are subscribers. Whoever joins is put into the list of those
/// served together with the position, and with a mirror's image, that belong to that moment: it
/// gets every later batch, and no earlier one.
final class SharedWatchHub: Sendable {
    /// What is shared.
    enum Source: Sendable {
        case watch(includePrevious: Bool)
        case mirror(includePrevious: Bool)
    }

    private struct State: ~Copyable {
        var machine = SharedWatchStateMachine()
        var mailboxes: [Int: SubscriptionMailbox] = [:]
        var task: Task<Void, Never>?
        /// Everything up to this revision was handed out.
        var position: EtcdRevision = 0
        /// With a mirror, the state at the position.
        var image: SharedImage?
        /// Which store the position is of.
        var storeEpoch = 0
    }

    let client: EtcdClient
    let range: EtcdKeyRange
    let source: Source
    private let state = Mutex(State())

    init(client: EtcdClient, range: EtcdKeyRange, source: Source) {
        self.client = client
        self.range = range
        self.source = source
    }

    var isMirror: Bool {
        if case .mirror = self.source { true } else { false }
    }
}

// MARK: - Subscribers

extension SharedWatchHub {
    /// Takes a subscriber in, and opens the source if it is the first.
    ///
    /// - Returns: The number of the member.
    func join(_ mailbox: SubscriptionMailbox) -> Int {
        let joining = self.state.withLock { state in
            let joining = state.machine.join()
            state.mailboxes[joining.member] = mailbox
            if joining.action == .begin {
                mailbox.begin(
                    at: state.position,
                    image: state.image,
                    storeEpoch: state.storeEpoch
                )
            }
            return joining
        }
        if case .open(let generation) = joining.action { self.open(generation) }
        return joining.member
    }

    /// A subscriber wants no more; the source is closed with the last one.
    func leave(_ member: Int) {
        let task = self.state.withLock { state -> Task<Void, Never>? in
            state.mailboxes[member] = nil
            guard state.machine.leave(member) == .close else { return nil }
            state.image = nil
            return state.task.take()
        }
        task?.cancel()
    }

    private func open(_ generation: Int) {
        // Unstructured: it outlives the call that needs it first. Ends with the last subscriber.
        let task = Task { await self.run(generation) }
        let isCurrent = self.state.withLock { state in
            guard state.machine.isCurrent(generation) else { return false }
            state.task = task
            return true
        }
        if !isCurrent { task.cancel() }
    }
}

// MARK: - The source

extension SharedWatchHub {
    private func run(_ generation: Int) async {
        do {
            switch self.source {
            case .watch(let includePrevious):
                try await self.readWatch(generation, includePrevious: includePrevious)
            case .mirror(let includePrevious):
                try await self.readMirror(generation, includePrevious: includePrevious)
            }
            self.ended(generation, nil)
        } catch {
            self.ended(generation, error as? EtcdError)
        }
    }

    private func readWatch(_ generation: Int, includePrevious: Bool) async throws {
        let epoch = self.client.core.identity.storeEpoch
        let watch = try await self.client.watch(
            self.range,
            options: EtcdWatchOptions(
                includePrevious: includePrevious,
                progressNotifications: true
            )
        )
        defer { watch.cancel() }
        self.opened(generation, at: watch.createdRevision, image: nil, storeEpoch: epoch)
        for try await batch in watch {
            guard let batch = EtcdChangeBatch(batch) else { continue }
            guard self.deliver(batch, generation) else { return }
        }
    }

    private func readMirror(_ generation: Int, includePrevious: Bool) async throws {
        let epoch = self.client.core.identity.storeEpoch
        let options = EtcdMirrorOptions(includePrevious: includePrevious)
        var isOpen = false
        var image = SharedImage()
        /// The parts of a listing that is not complete.
        var parts: [EtcdEvent] = []
        for try await batch in self.client.mirror(self.range, options: options) {
            guard let bookmark = batch.bookmark else {
                if isOpen { parts += batch.events } else { image.apply(batch) }
                continue
            }
            if isOpen {
                var batch = batch
                if !parts.isEmpty { batch.events = parts + batch.events }
                parts = []
                guard self.deliver(batch, generation) else { return }
            } else {
                image.apply(batch)
                self.opened(generation, at: bookmark, image: image, storeEpoch: epoch)
                image = SharedImage()
                isOpen = true
            }
        }
    }

    private func opened(
        _ generation: Int,
        at position: EtcdRevision,
        image: SharedImage?,
        storeEpoch epoch: Int
    ) {
        self.state.withLock { state in
            let members = state.machine.opened(generation)
            guard !members.isEmpty else { return }
            state.position = position
            state.image = image
            state.storeEpoch = epoch
            for member in members {
                state.mailboxes[member]?.begin(at: position, image: image, storeEpoch: epoch)
            }
        }
    }

    /// Hands a batch to everybody.
    ///
    /// - Returns: False if the source is not wanted any more.
    private func deliver(_ batch: EtcdChangeBatch, _ generation: Int) -> Bool {
        let mailboxes = self.state.withLock { state -> [Int: SubscriptionMailbox]? in
            guard state.machine.isCurrent(generation) else { return nil }
            if let bookmark = batch.bookmark { state.position = bookmark }
            state.image?.apply(batch)
            return state.mailboxes
        }
        guard let mailboxes else { return false }
        for (member, mailbox) in mailboxes where !mailbox.deliver(batch) {
            self.leave(member)
        }
        return true
    }

    private func ended(_ generation: Int, _ error: EtcdError?) {
        let mailboxes = self.state.withLock { state in
            let members = state.machine.ended(generation)
            guard !members.isEmpty else { return [] as [SubscriptionMailbox] }
            state.task = nil
            state.image = nil
            return members.compactMap { state.mailboxes.removeValue(forKey: $0) }
        }
        for mailbox in mailboxes { mailbox.end(error) }
    }
}

extension EtcdChangeBatch {
    /// What a watch reported; nil if it says nothing about changes.
    init?(_ batch: EtcdWatchBatch) {
        switch batch.kind {
        case .events:
            // Not the batch's revision, which is ahead while the watch catches up.
            self.init(kind: .changes, events: batch.events, bookmark: batch.events.last?.revision)
        case .progress:
            self.init(kind: .progress, bookmark: batch.revision)
        case .resumed:
            return nil
        }
    }
}
