// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

/// How a test names keys to a client: as they are, or behind a prefix put there by hand.
struct KeyNaming: Sendable {
    /// What stands before each name; empty for a client that adds it itself.
    let prefix: [UInt8]

    /// A set of neighbouring names, before anything was put before them.
    enum Names: Sendable {
        case one([UInt8])
        case beginning([UInt8])
        case from([UInt8])
        case between([UInt8], [UInt8])
        case all
    }

    func key(_ name: [UInt8]) -> EtcdBytes {
        EtcdBytes(self.prefix + name)
    }

    func range(_ names: Names) -> EtcdKeyRange {
        guard !self.prefix.isEmpty else {
            return switch names {
            case .one(let name): .key(name)
            case .beginning(let name): .prefix(name)
            case .from(let name): .from(name)
            case .between(let first, let end): .range(first, end)
            case .all: .all
            }
        }
        switch names {
        case .one(let name): return .key(self.prefix + name)
        case .beginning([]), .from([]), .all: return self.open(from: [0])
        case .beginning(let name): return .prefix(self.prefix + name)
        case .from(let name): return self.open(from: name)
        case .between(let first, let end):
            return .range(self.prefix + (first.isEmpty ? [0] : first), self.prefix + end)
        }
    }

    /// From a name to the last one behind the prefix.
    private func open(from name: [UInt8]) -> EtcdKeyRange {
        var end = self.prefix
        while end.last == 0xff { end.removeLast() }
        guard let last = end.popLast() else { return .from(self.prefix + name) }
        return .range(self.prefix + name, end + [last + 1])
    }

    /// Takes the prefix off again.
    func name(_ key: EtcdBytes) -> EtcdBytes {
        precondition(key.bytes.starts(with: self.prefix), "not behind the prefix")
        return EtcdBytes(key.bytes.dropFirst(self.prefix.count))
    }

    func named(_ keyValue: EtcdKeyValue) -> EtcdKeyValue {
        var copy = keyValue
        copy.key = self.name(keyValue.key)
        return copy
    }
}
