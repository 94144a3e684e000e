// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// One operation on a register, with the times of its call and its answer.
package struct RegisterOperation: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// Found this; nil when there was nothing.
        case read(String?)
        case write(String)
        /// Writes if it finds what it expects. `nil`: it is not known whether it did.
        case exchange(expected: String?, new: String, isDone: Bool?)
        /// Deletes. `nil`: it is not known whether something was there.
        case delete(found: Bool?)
    }

    package var client: Int
    package var kind: Kind
    package var called: Int64
    /// nil when no answer came: it takes effect at any time after the call, or never.
    package var answered: Int64?

    package init(client: Int, _ kind: Kind, called: Int64, answered: Int64?) {
        self.client = client
        self.kind = kind
        self.called = called
        self.answered = answered
    }

    /// What the register holds afterwards; nil if the operation cannot have been done on it.
    func applied(to value: String?) -> Register? {
        switch self.kind {
        case .read(let found): found == value ? Register(value: value) : nil
        case .write(let new): Register(value: new)
        case .exchange(let expected, let new, let isDone):
            switch (expected == value, isDone) {
            case (true, true), (true, nil): Register(value: new)
            case (false, false), (false, nil): Register(value: value)
            case (true, false), (false, true): nil
            }
        case .delete(let found):
            found == nil || found == (value != nil) ? Register(value: nil) : nil
        }
    }
}

/// What a register holds.
struct Register: Hashable {
    var value: String?
}

extension RegisterOperation: CustomStringConvertible {
    package var description: String {
        let end = self.answered.map { "\($0 / 1000)" } ?? "never"
        return "[\(self.client), \(self.called / 1000) to \(end) µs: \(self.kind)]"
    }
}

extension RegisterOperation.Kind: CustomStringConvertible {
    package var description: String {
        switch self {
        case .read(let found): "read \(found ?? "nothing")"
        case .write(let value): "write \(value)"
        case .exchange(let expected, let new, let isDone):
            "exchange \(expected ?? "nothing") for \(new): \(isDone.map { "\($0)" } ?? "unknown")"
        case .delete(let found): "delete: \(found.map { "\($0)" } ?? "unknown")"
        }
    }
}
