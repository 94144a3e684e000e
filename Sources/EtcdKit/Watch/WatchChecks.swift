// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

// What etcd would refuse, or worse, take for something else, is refused before it is sent.

extension EtcdKeyRange {
    func checkForWatch() throws(EtcdError) {
        try self.checkForRequest()
        guard !self.isEmpty else {
            throw EtcdError(
                code: .invalidArgument,
                message: "the range to watch cannot hold any key"
            )
        }
    }
}

extension EtcdWatchOptions {
    func check(_ range: EtcdKeyRange) throws(EtcdError) {
        try range.checkForWatch()
        if let startRevision = self.startRevision, startRevision < 1 {
            throw EtcdError(
                code: .invalidArgument,
                message: "the start revision is \(startRevision), less than 1"
            )
        }
        guard self.bufferLimit > 0, self.bufferByteLimit > 0 else {
            throw EtcdError(
                code: .invalidArgument,
                message: "a buffer limit is not more than zero"
            )
        }
    }
}
