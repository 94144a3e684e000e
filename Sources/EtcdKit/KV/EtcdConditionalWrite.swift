// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What became of a write that had a precondition.
public enum EtcdConditionalWrite<Response: Sendable & Hashable>: Sendable, Hashable {
    /// The precondition was true, and the write is done.
    case done(Response)

    /// The precondition was not true, and nothing was written.
    ///
    /// `current` is the key as it is instead, nil when there is none; `header` has the revision at
    /// which that was so.
    case conflict(current: EtcdKeyValue?, header: EtcdResponseHeader)

    /// The answer to the write, or nil when nothing was written.
    public var response: Response? {
        if case .done(let response) = self { response } else { nil }
    }

    /// True when the write is done.
    public var isDone: Bool {
        self.response != nil
    }
}
