// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// What is measured: a message, and the two directions.
struct Sample {
    /// The message in bytes.
    let encode: () throws -> [UInt8]
    /// Throws unless the bytes hold this message and no other way to write it.
    let check: ([UInt8]) throws -> Void
    private let decode: ([UInt8]) throws -> Void

    private init<Message: WireMessage>(_ message: Message) {
        self.encode = { message.serialized() }
        self.check = { bytes in
            guard try Message(serialized: bytes) == message else {
                throw WorkerFailure("the bytes hold another message")
            }
            guard message.serialized() == bytes else {
                throw WorkerFailure("the message is written with other bytes")
            }
        }
        self.decode = { bytes in keep(try Message(serialized: bytes)) }
    }

    /// One encoding or decoding a call.
    func operation(_ name: String) throws -> () throws -> Void {
        switch name {
        case "encode":
            return { keep(try self.encode()) }
        case "decode":
            let bytes = try self.encode()
            return { try self.decode(bytes) }
        default:
            throw WorkerFailure("unknown operation \(name)")
        }
    }
}

/// A result goes here so that the optimiser makes it.
@inline(never)
@_optimize(none)
private func keep<Value>(_: Value) {}

// MARK: The messages

extension Sample {
    /// The peer's worker makes the same messages, and ``check`` shows that it does.
    static func make(_ name: String, valueBytes: Int) throws -> Sample {
        let recipe = Recipe(valueBytes: valueBytes)
        return switch name {
        case "range-1000": Sample(recipe.rangeResponse(keys: 1000))
        case "txn-100": Sample(recipe.transaction(puts: 100))
        case "watch-100": Sample(recipe.watchResponse(events: 100))
        default: throw WorkerFailure("unknown message \(name)")
        }
    }
}

private struct Recipe {
    let valueBytes: Int

    private let header = ResponseHeader(
        clusterID: 0xcdf8_1819_4e3a_8c32,
        memberID: 0x8e9e_05c5_2164_694d,
        revision: 1_234_567,
        raftTerm: 7
    )

    init(valueBytes: Int) {
        self.valueBytes = valueBytes
    }

    private func key(_ index: Int) -> [UInt8] {
        Array("/registry/pods/default/worker-\(1000 + index)".utf8)
    }

    private func value(_ index: Int) -> [UInt8] {
        (0..<self.valueBytes).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ index) }
    }

    /// Every fourth key has a lease.
    private func lease(_ index: Int) -> Int64 {
        index % 4 == 0 ? 0x3269_63a8_d50e_5a05 : 0
    }

    private func keyValue(_ index: Int) -> KeyValue {
        KeyValue(
            key: self.key(index),
            createRevision: 1_000_000 + Int64(index),
            modRevision: 1_200_000 + Int64(index),
            version: Int64(1 + index % 7),
            value: self.value(index),
            lease: self.lease(index)
        )
    }

    func rangeResponse(keys: Int) -> RangeResponse {
        RangeResponse(
            header: self.header,
            kvs: (0..<keys).map { self.keyValue($0) },
            count: Int64(keys)
        )
    }

    /// On the condition that one more key is not there.
    func transaction(puts: Int) -> TxnRequest {
        TxnRequest(
            compare: [
                Compare(target: .create, key: self.key(puts), targetUnion: .createRevision(0))
            ],
            success: (0..<puts).map { index in
                RequestOp(
                    request: .put(
                        PutRequest(
                            key: self.key(index),
                            value: self.value(index),
                            lease: self.lease(index)
                        )
                    )
                )
            }
        )
    }

    func watchResponse(events: Int) -> WatchResponse {
        WatchResponse(
            header: self.header,
            watchID: 1,
            events: (0..<events).map { Event(kv: self.keyValue($0)) }
        )
    }
}
