// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// With what a subscription begins, and how it treats a consumer that is slow.
public struct EtcdSubscriptionOptions: Sendable, Hashable {
    /// With what a subscription begins.
    public enum Start: Sendable, Hashable {
        /// With the changes that happen from now on.
        ///
        /// What was written after the subscription was made is delivered for certain; what was
        /// written shortly before may be delivered too.
        case now
        /// With a snapshot of the range, and then the changes to it. Shared mirrors only.
        case snapshot
    }

    /// What happens when the consumer leaves more unread than the subscription may buffer.
    ///
    /// No policy makes a slow consumer hold back the others, or the server.
    public struct OverflowPolicy: Sendable, Hashable {
        enum Value {
            case detach
            case coalesce
            case fail
        }

        let value: Value

        /// Leave the shared watch, and go on with a watch of its own from where it was.
        ///
        /// That watch is opened when the buffer has been read, and waits for its consumer on the
        /// server: nothing is lost unless the server compacts the revisions in between, in which
        /// case the subscription ends with ``EtcdError/Code/compacted``. It is not given back
        /// later: a consumer that has caught up and wants to share again subscribes again.
        ///
        /// The default for shared watches, and for them only.
        public static let detach = OverflowPolicy(value: .detach)

        /// Merge everything unread into one batch with the last change of each key.
        ///
        /// A key that came and went in between is left out. The batch says so by
        /// ``EtcdChangeBatch/isCoalesced`` and takes the picture to its bookmark, as any other
        /// batch does. If even that exceeds a limit, the subscription ends as with ``fail``.
        ///
        /// The default for shared mirrors.
        public static let coalesce = OverflowPolicy(value: .coalesce)

        /// End the subscription with ``EtcdError/Code/slowConsumer``.
        ///
        /// What is buffered is still delivered first.
        public static let fail = OverflowPolicy(value: .fail)
    }

    /// With what the subscription begins.
    ///
    /// Default: ``Start-swift.enum/now``.
    public var start: Start
    /// The largest number of unread events, not counting those of a snapshot.
    ///
    /// Default: 4096. A batch is never split or refused, so a single one may exceed it.
    public var bufferLimit: Int
    /// The largest size of the unread events, in bytes of keys and values.
    ///
    /// Default: 16 MiB.
    public var bufferByteLimit: Int
    /// What happens when either limit is exceeded.
    ///
    /// Default: nil, which stands for ``OverflowPolicy-swift.struct/detach`` with a shared watch
    /// and for ``OverflowPolicy-swift.struct/coalesce`` with a shared mirror.
    public var overflowPolicy: OverflowPolicy?

    /// Creates options.
    ///
    /// - Parameters:
    ///   - start: With what the subscription begins.
    ///   - bufferLimit: The largest number of unread events.
    ///   - bufferByteLimit: The largest size of the unread events in bytes.
    ///   - overflowPolicy: What happens when a limit is exceeded.
    public init(
        start: Start = .now,
        bufferLimit: Int = 4096,
        bufferByteLimit: Int = 16 << 20,
        overflowPolicy: OverflowPolicy? = nil
    ) {
        self.start = start
        self.bufferLimit = bufferLimit
        self.bufferByteLimit = bufferByteLimit
        self.overflowPolicy = overflowPolicy
    }
}
