// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// What a message holds, with the names and types of its fields: the form in which a message of ours
/// and one of libprotobuf-c are compared.
///
/// Fields at their default are left out, except in a oneof.
indirect enum FieldTree: Equatable {
    case signed(Int64)
    case unsigned(UInt64)
    case unsigned32(UInt32)
    case bool(Bool)
    case string(String)
    case bytes([UInt8])
    case enumeration(Int32)
    case list([FieldTree])
    case message([String: FieldTree])

    var isDefault: Bool {
        switch self {
        case .signed(let value): value == 0
        case .unsigned(let value): value == 0
        case .unsigned32(let value): value == 0
        case .bool(let value): !value
        case .string(let value): value.isEmpty
        case .bytes(let value): value.isEmpty
        case .enumeration(let value): value == 0
        case .list(let values): values.isEmpty
        case .message: false
        }
    }
}

extension FieldTree {
    /// Reads the properties of a message of ours, by their names in the source.
    init(_ message: some WireMessage) {
        var fields: [String: FieldTree] = [:]
        for property in Mirror(reflecting: message).children {
            let mirror = Mirror(reflecting: property.value)
            if mirror.displayStyle == .optional {
                guard let some = mirror.children.first?.value else { continue }
                let inner = Mirror(reflecting: some)
                if inner.displayStyle == .enum, let chosen = inner.children.first {
                    fields[Self.plainName(chosen.label)] = Self.value(chosen.value)
                } else {
                    fields[Self.plainName(property.label)] = Self.value(some)
                }
            } else {
                let value = Self.value(property.value)
                if !value.isDefault { fields[Self.plainName(property.label)] = value }
            }
        }
        self = .message(fields)
    }

    private static func plainName(_ label: String?) -> String {
        (label ?? "").lowercased()
    }

    private static func value(_ value: Any) -> FieldTree {
        switch value {
        case let value as Int64: .signed(value)
        case let value as UInt64: .unsigned(value)
        case let value as UInt32: .unsigned32(value)
        case let value as Bool: .bool(value)
        case let value as String: .string(value)
        case let value as [UInt8]: .bytes(value)
        case let values as [String]: .list(values.map { .string($0) })
        case let values as [[UInt8]]: .list(values.map { .bytes($0) })
        case let value as any WireEnum: .enumeration(value.rawValue)
        case let values as [any WireEnum]: .list(values.map { .enumeration($0.rawValue) })
        case let value as any WireMessage: FieldTree(value)
        case let values as [any WireMessage]: .list(values.map { FieldTree($0) })
        default: preconditionFailure("\(type(of: value)) is the type of no field")
        }
    }
}
