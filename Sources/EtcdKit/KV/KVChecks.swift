// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

// What etcd would refuse, or worse, take for something else, is refused before it is sent.

extension EtcdKeyRange {
    func checkForRequest() throws(EtcdError) {
        guard !self.start.isEmpty else {
            throw EtcdError(code: .invalidArgument, message: "the key is empty")
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
        let revisions = [
            self.revision, self.minimumModRevision, self.maximumModRevision,
            self.minimumCreateRevision, self.maximumCreateRevision,
        ]
        for case .some(let revision) in revisions where revision < 0 {
            throw EtcdError(code: .invalidArgument, message: "a revision is negative")
        }
    }
}

extension EtcdPutOptions {
    func check(value: EtcdBytes, lease: EtcdLeaseID?) throws(EtcdError) {
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
