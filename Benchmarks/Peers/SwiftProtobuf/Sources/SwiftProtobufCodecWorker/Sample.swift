// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import SwiftProtobuf

/// What is measured: a message, and the two directions, as swift-protobuf's documentation shows them.
struct Sample {
    /// The message in bytes.
    let encode: () throws -> [UInt8]
    /// Throws unless the bytes hold this message and no other way to write it.
    let check: ([UInt8]) throws -> Void
    private let decode: ([UInt8]) throws -> Void

    private init<M: Message & Equatable>(_ message: M) {
        self.encode = { try message.serializedBytes() }
        self.check = { bytes in
            guard try M(serializedBytes: bytes) == message else {
                throw WorkerFailure("the bytes hold another message")
            }
            guard try message.serializedBytes() as [UInt8] == bytes else {
                throw WorkerFailure("the message is written with other bytes")
            }
        }
        self.decode = { bytes in keep(try M(serializedBytes: bytes)) }
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
    /// EtcdKit's worker makes the same messages, and ``check`` shows that it does.
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

    private let header = Etcdserverpb_ResponseHeader.with {
        $0.clusterID = 0xcdf8_1819_4e3a_8c32
        $0.memberID = 0x8e9e_05c5_2164_694d
        $0.revision = 1_234_567
        $0.raftTerm = 7
    }

    init(valueBytes: Int) {
        self.valueBytes = valueBytes
    }

    private func key(_ index: Int) -> Data {
        Data("/registry/pods/default/worker-\(1000 + index)".utf8)
    }

    private func value(_ index: Int) -> Data {
        Data((0..<self.valueBytes).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ index) })
    }

    /// Every fourth key has a lease.
    private func lease(_ index: Int) -> Int64 {
        index % 4 == 0 ? 0x3269_63a8_d50e_5a05 : 0
    }

    private func keyValue(_ index: Int) -> Mvccpb_KeyValue {
        .with {
            $0.key = self.key(index)
            $0.createRevision = 1_000_000 + Int64(index)
            $0.modRevision = 1_200_000 + Int64(index)
            $0.version = Int64(1 + index % 7)
            $0.value = self.value(index)
            $0.lease = self.lease(index)
        }
    }

    func rangeResponse(keys: Int) -> Etcdserverpb_RangeResponse {
        .with {
            $0.header = self.header
            $0.kvs = (0..<keys).map { self.keyValue($0) }
            $0.count = Int64(keys)
        }
    }

    /// On the condition that one more key is not there.
    func transaction(puts: Int) -> Etcdserverpb_TxnRequest {
        .with {
            $0.compare = [
                .with {
                    $0.target = .create
                    $0.key = self.key(puts)
                    $0.createRevision = 0
                }
            ]
            $0.success = (0..<puts).map { index in
                .with {
                    $0.requestPut = .with {
                        $0.key = self.key(index)
                        $0.value = self.value(index)
                        $0.lease = self.lease(index)
                    }
                }
            }
        }
    }

    func watchResponse(events: Int) -> Etcdserverpb_WatchResponse {
        .with {
            $0.header = self.header
            $0.watchID = 1
            $0.events = (0..<events).map { index in .with { $0.kv = self.keyValue(index) } }
        }
    }
}
