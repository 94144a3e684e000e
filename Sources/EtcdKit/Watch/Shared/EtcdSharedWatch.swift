// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// One watch on the server for any number of subscribers in this process.
///
/// The server's watch is opened for the first subscriber and cancelled, at once, with the last one;
/// subscribers come and go meanwhile. Each has its own part of the shared range, which is filtered
/// here, its own buffer, and its own way to be dealt with when it does not keep up: no subscriber
/// slows another one, or the shared watch.
///
/// ```swift
/// let shared = try client.sharedMirror(.prefix("services/"))
/// let mine = try await shared.subscribe(
///     to: .prefix("services/mail/"), options: .init(start: .snapshot))
/// for try await batch in mine {
///     print(batch.events.count, "changes")
/// }
/// ```
///
/// Make a shared watch with ``EtcdClient/sharedWatch(_:includePrevious:)``, which reports every
/// change and fails its subscribers when history it needs was compacted away, or with
/// ``EtcdClient/sharedMirror(_:includePrevious:)``, which holds all keys and values of the range in
/// memory: subscribers can begin with a snapshot, which costs the server nothing, and compactions
/// show as batches of kind ``EtcdChangeBatch/Kind-swift.enum/relisting``.
///
/// A shared watch may be used from any task. It needs no end of its own: it holds nothing on the
/// server without subscribers. Failures concern those who are subscribed at that moment; who comes
/// later opens it anew.
public final class EtcdSharedWatch: Sendable {
    /// The keys that subscribers can choose from.
    public var range: EtcdKeyRange { self.hub.range }

    private let hub: SharedWatchHub

    init(hub: SharedWatchHub) {
        self.hub = hub
    }

    /// Subscribes to the changes of the shared range or a part of it.
    ///
    /// - Parameters:
    ///   - range: The keys to hear of, all of them in the shared range. Default: nil, all of it.
    ///   - options: With what to begin, and what to do when the consumer is slow.
    /// - Returns: The subscription, once the shared watch is open.
    /// - Throws: ``EtcdError`` if the shared watch could not be opened, or with
    ///   ``EtcdError/Code/invalidArgument`` if range or options do not fit it; `CancellationError`
    ///   if the task was cancelled.
    public func subscribe(
        to range: EtcdKeyRange? = nil,
        options: EtcdSubscriptionOptions = .init()
    ) async throws -> EtcdSubscription {
        let range = range ?? self.range
        try options.check(range, of: self.hub)
        let mailbox = SubscriptionMailbox(
            range: range,
            options: options,
            policy: options.overflowPolicy ?? (self.hub.isMirror ? .coalesce : .detach)
        )
        let member = self.hub.join(mailbox)
        let subscription = EtcdSubscription(hub: self.hub, member: member, mailbox: mailbox)
        try await withTaskCancellationHandler {
            try await mailbox.beginning()
        } onCancel: {
            subscription.cancel()
        }
        guard !Task.isCancelled else {
            subscription.cancel()
            throw CancellationError()
        }
        return subscription
    }

    /// Subscribes for as long as a closure runs.
    ///
    /// - Parameters:
    ///   - range: The keys to hear of, all of them in the shared range. Default: nil, all of it.
    ///   - options: With what to begin, and what to do when the consumer is slow.
    ///   - body: Uses the subscription, which is cancelled when it returns or throws.
    /// - Returns: What the closure returned.
    /// - Throws: What ``subscribe(to:options:)`` throws, or what the closure threw.
    public func withSubscription<Result>(
        to range: EtcdKeyRange? = nil,
        options: EtcdSubscriptionOptions = .init(),
        _ body: (EtcdSubscription) async throws -> Result
    ) async throws -> Result {
        let subscription = try await self.subscribe(to: range, options: options)
        defer { subscription.cancel() }
        return try await body(subscription)
    }
}

extension EtcdClient {
    /// Prepares one watch of a range for several subscribers.
    ///
    /// Nothing is sent before the first one subscribes.
    ///
    /// - Parameters:
    ///   - range: The keys that subscribers can choose from.
    ///   - includePrevious: Whether events carry what was there before. Default: `false`. Costs the
    ///     server one more read for each event.
    /// - Returns: Something to subscribe to.
    /// - Throws: ``EtcdError`` with ``EtcdError/Code/invalidArgument`` if the range cannot hold any
    ///   key.
    public func sharedWatch(
        _ range: EtcdKeyRange,
        includePrevious: Bool = false
    ) throws -> EtcdSharedWatch {
        try range.checkForWatch()
        return EtcdSharedWatch(
            hub: SharedWatchHub(
                client: self,
                range: range,
                source: .watch(includePrevious: includePrevious)
            )
        )
    }

    /// Prepares one mirror of a range for several subscribers.
    ///
    /// Nothing is sent before the first one subscribes. While there are subscribers all keys and
    /// values of the range are held in memory.
    ///
    /// - Parameters:
    ///   - range: The keys that subscribers can choose from.
    ///   - includePrevious: Whether events carry what was there before. Default: `false`.
    /// - Returns: Something to subscribe to.
    /// - Throws: ``EtcdError`` with ``EtcdError/Code/invalidArgument`` if the range cannot hold any
    ///   key.
    public func sharedMirror(
        _ range: EtcdKeyRange,
        includePrevious: Bool = false
    ) throws -> EtcdSharedWatch {
        try range.checkForWatch()
        return EtcdSharedWatch(
            hub: SharedWatchHub(
                client: self,
                range: range,
                source: .mirror(includePrevious: includePrevious)
            )
        )
    }
}
