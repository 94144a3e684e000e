// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// How a field's value is laid out: the low three bits of its tag.
enum WireType: UInt8 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case groupStart = 3
    case groupEnd = 4
    case fixed32 = 5
}

/// The number of bytes `value` takes as a varint: one for every seven bits, at least one.
@inline(__always)
func varintSize(_ value: UInt64) -> Int {
    (70 &- (value | 1).leadingZeroBitCount) / 7
}

/// The number that stands before a field: its number and its wire type.
@inline(__always)
func wireTag(_ field: Int, _ type: WireType) -> UInt64 {
    UInt64(truncatingIfNeeded: field) << 3 | UInt64(type.rawValue)
}
