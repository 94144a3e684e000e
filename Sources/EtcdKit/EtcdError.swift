// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Why a call to etcd failed.
///
/// One type for everything the client reports. Switch over ``code``; show ``description`` to
/// people: it says what happened, where, and what to do about it. It never contains keys, values
/// or credentials.
///
/// A task that was cancelled gets `CancellationError` instead.
public struct EtcdError: Error, Sendable {
    /// What kind of failure this is.
    public var code: Code

    /// What happened and, where that is known, what mends it.
    public var message: String

    /// The endpoint concerned, such as `https://10.0.0.1:2379`, or nil when none is.
    public var endpoint: String?

    /// The failure beneath this one, if there is one.
    public var cause: (any Error)?

    /// For ``Code/compacted``: the oldest revision that can still be read, if etcd said so.
    public var compactRevision: EtcdRevision?

    /// True when the same call may well succeed later without any change.
    ///
    /// For ``Code/ambiguous`` it is false: look at what is stored before trying again.
    public var isRetryable: Bool

    package init(
        code: Code,
        message: String,
        endpoint: String? = nil,
        cause: (any Error)? = nil,
        compactRevision: EtcdRevision? = nil,
        isRetryable: Bool? = nil
    ) {
        self.code = code
        self.message = message
        self.endpoint = endpoint
        self.cause = cause
        self.compactRevision = compactRevision
        self.isRetryable = isRetryable ?? code.isUsuallyTransient
    }
}

extension EtcdError: CustomStringConvertible {
    /// Code, endpoint and message in one line.
    public var description: String {
        guard let endpoint = self.endpoint else { return "\(self.code): \(self.message)" }
        return "\(self.code) (\(endpoint)): \(self.message)"
    }
}
