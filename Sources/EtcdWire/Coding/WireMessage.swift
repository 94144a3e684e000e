// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A message of the etcd API: a value that can be written in protobuf's wire format and read back.
///
/// A message says with ``encode(to:)`` and ``decode(field:from:)`` which field holds what; everything
/// else is here and in ``WireEncoder`` and ``WireDecoder``. The description tells the type and the
/// size only, because keys, values, passwords and tokens have no place in a log.
package protocol WireMessage: Sendable, Equatable, CustomStringConvertible {
    /// The message with every field at its default.
    init()

    /// Writes the fields that are not at their default, in ascending order.
    func encode(to encoder: inout WireEncoder)

    /// Reads the value of the field with this number, or skips it when the number is not known.
    mutating func decode(field: Int, from decoder: inout WireDecoder) throws(WireError)

    /// Which cluster answers and how far its store has come; nil if the message does not tell.
    var storeHeader: ResponseHeader? { get }
}

/// A response with a header that says which cluster answers.
package protocol StoreResponse: WireMessage {
    var header: ResponseHeader? { get }
}

extension WireMessage {
    package var storeHeader: ResponseHeader? { nil }
}

extension StoreResponse {
    package var storeHeader: ResponseHeader? { self.header }
}

extension WireMessage {
    /// The message in an array of exactly its size.
    ///
    /// - Parameter leadingSpace: How many zero bytes to leave in front, for a frame's prefix.
    /// - Returns: The zero bytes and the message.
    package func serialized(leadingSpace: Int = 0) -> [UInt8] {
        var encoder = WireEncoder()
        self.encode(to: &encoder)
        encoder.startWriting(leadingSpace: leadingSpace)
        self.encode(to: &encoder)
        return encoder.bytes
    }

    /// Reads a message from `bytes[start...]`, all of it.
    package init(serialized bytes: [UInt8], from start: Int = 0) throws(WireError) {
        self.init()
        var decoder = try WireDecoder(bytes, from: start)
        try decoder.readFields(into: &self)
    }

    package var description: String {
        var encoder = WireEncoder()
        self.encode(to: &encoder)
        return "<\(Self.self), \(encoder.size) bytes>"
    }
}

/// An enumeration of the etcd API.
///
/// It is open: a value that a newer server sends is kept.
package protocol WireEnum: RawRepresentable<Int32>, Hashable, Sendable {
    init(rawValue: Int32)
}

/// A request that says everything by its type.
package protocol EmptyMessage: WireMessage {}

extension EmptyMessage {
    package func encode(to encoder: inout WireEncoder) {}

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        try decoder.skip()
    }
}

/// A response that carries the header and nothing else.
package protocol HeaderOnlyMessage: StoreResponse {
    var header: ResponseHeader? { get set }
    init(header: ResponseHeader?)
}

extension HeaderOnlyMessage {
    package init() {
        self.init(header: nil)
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        default: try decoder.skip()
        }
    }
}
