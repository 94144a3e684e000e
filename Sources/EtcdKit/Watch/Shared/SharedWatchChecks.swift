// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdSubscriptionOptions {
    /// Refuses what does not fit a shared watch.
    func check(_ range: EtcdKeyRange, of hub: SharedWatchHub) throws(EtcdError) {
        try range.checkForWatch()
        guard hub.range.contains(range) else {
            throw EtcdError(
                code: .invalidArgument,
                message: "the range to subscribe to is not a part of the shared one"
            )
        }
        guard self.bufferLimit > 0, self.bufferByteLimit > 0 else {
            throw EtcdError(
                code: .invalidArgument,
                message: "a buffer limit is not more than zero"
            )
        }
        guard self.start == .now || hub.isMirror else {
            throw EtcdError(
                code: .invalidArgument,
                message: "a shared watch has no snapshot to begin with: share a mirror"
            )
        }
        guard self.overflowPolicy != .detach || !hub.isMirror else {
            throw EtcdError(
                code: .invalidArgument,
                message: "a subscriber of a shared mirror cannot detach: let it coalesce or fail"
            )
        }
    }
}

extension EtcdKeyRange {
    /// Whether all keys of another range, which is not empty, are in this one.
    fileprivate func contains(_ other: EtcdKeyRange) -> Bool {
        if other.isSingleKey { return self.contains(other.start) }
        if self.isSingleKey || other.start.lexicographicallyPrecedes(self.start) { return false }
        if self.wireEnd == [0] { return true }
        return other.wireEnd != [0] && !self.wireEnd.lexicographicallyPrecedes(other.wireEnd)
    }
}
