// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

// What etcd would refuse, or worse, take for something else, is refused before it is sent.

extension EtcdKeyRange {
    func checkForRequest() throws(EtcdError) {
        guard !self.start.isEmpty else {
            throw EtcdError(code: .invalidArgument, message: "the key is empty")
        }
        guard !self.isInverted else {
            throw EtcdError(
                code: .invalidArgument,
                message: "the range ends before it starts; swap its ends, or use from(_:) for a "
                    + "range without end"
            )
        }
    }
}

extension EtcdRangeOptions {
    func check() throws(EtcdError) {
        if let limit = self.limit, limit <= 0 {
            throw EtcdError(
                code: .invalidArgument,
                message: "the limit is \(limit), not more than zero"
            )
        }
        try self.revision?.checkForRequest(as: "revision")
        guard self.hasFilters || self.countOnly else { return }
        try self.checkFilters()
        try self.checkCount()
    }

    private var hasFilters: Bool {
        self.minimumModRevision != nil || self.maximumModRevision != nil
            || self.minimumCreateRevision != nil || self.maximumCreateRevision != nil
    }

    private func checkFilters() throws(EtcdError) {
        try self.minimumModRevision?.checkForRequest(as: "minimumModRevision")
        try self.maximumModRevision?.checkForRequest(as: "maximumModRevision")
        try self.minimumCreateRevision?.checkForRequest(as: "minimumCreateRevision")
        try self.maximumCreateRevision?.checkForRequest(as: "maximumCreateRevision")
        if let minimum = self.minimumModRevision, let maximum = self.maximumModRevision,
            minimum > maximum
        {
            throw EtcdError(
                code: .invalidArgument,
                message: "minimumModRevision is larger than maximumModRevision, so no key fits"
            )
        }
        if let minimum = self.minimumCreateRevision, let maximum = self.maximumCreateRevision,
            minimum > maximum
        {
            throw EtcdError(
                code: .invalidArgument,
                message: "minimumCreateRevision is larger than maximumCreateRevision, so no key "
                    + "fits"
            )
        }
    }

    /// etcd counts the whole range, whatever else is asked for: the number would mislead.
    private func checkCount() throws(EtcdError) {
        guard self.countOnly else { return }
        let ignored: String? =
            if self.keysOnly {
                "keysOnly"
            } else if self.limit != nil {
                "a limit"
            } else if self.order != nil || self.target != .key {
                "an order"
            } else if self.hasFilters {
                "a filter by revision"
            } else {
                nil
            }
        guard let ignored else { return }
        throw EtcdError(
            code: .invalidArgument,
            message: "countOnly counts all keys of the range; \(ignored) cannot go with it"
        )
    }
}

extension EtcdRevision {
    /// On the wire 0 stands for no revision at all.
    func checkForRequest(as name: String) throws(EtcdError) {
        guard self >= 1 else {
            throw EtcdError(
                code: .invalidArgument,
                message: "\(name) is \(self), less than 1, the first revision there is"
            )
        }
    }
}

extension EtcdPutOptions {
    func check(value: EtcdBytes, lease: EtcdLeaseID?) throws(EtcdError) {
        // On the wire it stands for no lease: the key would outlive what it shall not.
        guard lease?.rawValue != 0 else {
            throw EtcdError(
                code: .invalidArgument,
                message: "0 is not the ID of a lease; leave it out to bind the key to none"
            )
        }
        if self.keepValue && !value.isEmpty {
            throw EtcdError(
                code: .invalidArgument,
                message: "a value is given, but the old one is to be kept"
            )
        }
        if self.keepLease && lease != nil {
            throw EtcdError(
                code: .invalidArgument,
                message: "a lease is given, but the old one is to be kept"
            )
        }
    }
}
