// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What came of the work under a lock, for the history and for what follows from a failure.
struct WorkEnding: Sendable, Equatable {
    /// Zero if it ended well.
    var status: Int32
    /// What was done, as the others were told.
    var operation: String?
    /// What failed, without the command's arguments.
    var failure: String?

    static func finished(_ status: Int32, operation: String?) -> WorkEnding {
        WorkEnding(
            status: status,
            operation: operation,
            failure: status == 0 ? nil : "the command ended with status \(status)"
        )
    }

    /// The ending in words.
    var reason: String? {
        guard let failure = self.failure else { return self.operation }
        return self.operation.map { "\($0): \(failure)" } ?? failure
    }
}
