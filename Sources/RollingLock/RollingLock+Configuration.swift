// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

public import EtcdKit
public import Logging

extension RollingLock {
    /// Which lock this is, who asks for it, and how long it survives its owner.
    ///
    /// A cluster ID, a lock name and a unit name may hold any bytes, also `/` (Juju's `app/0`), NUL
    /// and bytes that are no UTF-8: each is percent-encoded into one element of the key, so no queue
    /// is ever inside another. They must not be empty, nor longer than
    /// ``maximumNameLength`` bytes.
    public struct Configuration: Sendable {
        /// The longest cluster ID, lock name, unit name or root that is accepted, in bytes.
        public static let maximumNameLength = 255

        /// The longest reason that `acquire` accepts, in bytes of UTF-8.
        public static let maximumReasonLength = 1024

        /// The part of the key before the cluster ID, used as given.
        ///
        /// It begins with `/`; a trailing `/` makes no difference. The default is
        /// `/rollingops/default`, so that `<root>/<cluster-id>/` is exactly the prefix that
        /// charmed-etcd grants to a cluster.
        public var root: String

        /// Names the cluster.
        ///
        /// Only the holders of the same cluster ID meet.
        public var clusterID: EtcdBytes

        /// Names the lock within its cluster.
        ///
        /// The default is `default`.
        public var name: EtcdBytes

        /// Names the unit that asks, for instance `app/0`.
        ///
        /// It is the place in etcd beneath which this unit writes, and what the others see in the
        /// queue.
        public var unit: EtcdBytes

        /// How long the lock survives a unit that died.
        ///
        /// The default is 30 s.
        ///
        /// etcd counts whole seconds and raises what is too short for it; the granted value counts.
        public var leaseTTL: Duration

        /// How long the lease and the watch on the queue are kept after the last ticket, so that
        /// the next `acquire` needs only one request.
        ///
        /// The default is 10 s.
        public var idleTime: Duration

        /// How many may hold the lock together; `nil`, the default, takes what is kept in etcd.
        ///
        /// What is said here is kept in etcd by the first unit, and must be the same for all: who says
        /// otherwise is refused with ``RollingLockError/Code/limitsDiffer``.
        public var limits: RollingLockLimits?

        /// The group of this unit: units of different groups never hold the lock together.
        ///
        /// The default is `nil`, a group of its own. It matters only for a lock of several slots.
        public var group: EtcdBytes?

        /// How long the next waits after a unit came to an unclean end while it may have held the
        /// lock: its lease expired, or its ticket was evicted or deleted.
        ///
        /// The default is 5 s; zero waits for nothing.
        ///
        /// A unit that lost the lock is to have stopped its work before this has passed. Tickets of
        /// other programs, for instance of `etcdctl lock`, are followed without delay.
        public var takeoverDelay: Duration

        /// What is done after such an end.
        ///
        /// The default is ``RollingLockHolderDeathPolicy/continue``.
        public var onHolderDeath: RollingLockHolderDeathPolicy

        /// Where the lock reports what it does.
        ///
        /// The default is `rolling-lock`.
        public var logger: Logger

        /// Describes a lock.
        ///
        /// - Parameters:
        ///   - root: The part of the key before the cluster ID.
        ///   - clusterID: Names the cluster.
        ///   - name: Names the lock within its cluster.
        ///   - unit: Names the unit that asks.
        ///   - leaseTTL: How long the lock survives a unit that died.
        public init(
            root: String = "/rollingops/default",
            clusterID: some EtcdBytesConvertible,
            name: some EtcdBytesConvertible = "default",
            unit: some EtcdBytesConvertible,
            leaseTTL: Duration = .seconds(30)
        ) {
            self.root = root
            self.clusterID = clusterID.etcdBytes
            self.name = name.etcdBytes
            self.unit = unit.etcdBytes
            self.leaseTTL = leaseTTL
            self.idleTime = .seconds(10)
            self.takeoverDelay = .seconds(5)
            self.onHolderDeath = .continue
            self.logger = Logger(label: "rolling-lock")
        }
    }
}
