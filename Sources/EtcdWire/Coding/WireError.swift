// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not a message.
///
/// `offset` counts from the start of the array that was decoded.
package enum WireError: Error, Hashable, Sendable {
    /// The bytes end in the middle of a field.
    case truncated(offset: Int)
    /// A varint has more than ten bytes or does not fit in 64 bits.
    case varintOverflow(offset: Int)
    /// A length reaches beyond the end of the message it stands in.
    case lengthBeyondEnd(offset: Int)
    /// A field number is 0 or larger than protobuf allows.
    case invalidFieldNumber(offset: Int)
    /// A tag has one of the two wire types that do not exist.
    case invalidWireType(offset: Int)
    /// A group ends that was never begun, or not the one that was begun last.
    case unmatchedGroupEnd(offset: Int)
    /// Messages or groups are nested more deeply than ``WireDecoder/nestingLimit``.
    case nestedTooDeeply(offset: Int)
    /// A string field holds something other than UTF-8.
    case invalidUTF8(offset: Int)
    /// The arrays would take far more memory than the bytes they come from.
    case tooManyElements(offset: Int)
}

extension WireError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated(let offset):
            "the message ends in the middle of a field (byte \(offset))"
        case .varintOverflow(let offset):
            "a number does not fit in 64 bits (byte \(offset))"
        case .lengthBeyondEnd(let offset):
            "a length reaches beyond the end of the message (byte \(offset))"
        case .invalidFieldNumber(let offset):
            "a field number is out of range (byte \(offset))"
        case .invalidWireType(let offset):
            "a field has a wire type that does not exist (byte \(offset))"
        case .unmatchedGroupEnd(let offset):
            "a group ends that was not begun (byte \(offset))"
        case .nestedTooDeeply(let offset):
            "messages are nested too deeply (byte \(offset))"
        case .invalidUTF8(let offset):
            "a string is not valid UTF-8 (byte \(offset))"
        case .tooManyElements(let offset):
            "too many elements for so few bytes (byte \(offset))"
        }
    }
}
