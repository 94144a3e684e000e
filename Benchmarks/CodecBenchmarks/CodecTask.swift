// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import BenchmarkReport
import EtcdTestSupport
import Foundation

/// A message that both workers know how to make.
struct CodecMessage: Sendable, Equatable {
    var name: String
    var valueBytes: Int

    static let all: [CodecMessage] = ["range-1000", "txn-100", "watch-100"].flatMap { name in
        [16, 1024].map { CodecMessage(name: name, valueBytes: $0) }
    }

    var arguments: [String] { [self.name, "\(self.valueBytes)"] }

    /// Throws unless each codec writes every message with the same bytes as the other one, and reads
    /// the other one's bytes back as the value it made itself.
    static func checkAll() async throws {
        let folder = try TemporaryDirectory("codecs")
        for message in self.all {
            var bytes: [Codec: Data] = [:]
            for codec in Codec.allCases {
                let file = "\(folder.path)/\(codec.rawValue)"
                try await codec.run(["write"] + message.arguments + [file])
                bytes[codec] = FileManager.default.contents(atPath: file)
            }
            guard let ours = bytes[.etcdkit], !ours.isEmpty, ours == bytes[.swiftProtobuf] else {
                throw BenchmarkFailure("\(message.arguments): the codecs write different bytes")
            }
            for (reader, writer) in [
                (Codec.etcdkit, Codec.swiftProtobuf), (.swiftProtobuf, .etcdkit),
            ] {
                let file = "\(folder.path)/\(writer.rawValue)"
                try await reader.run(["check"] + message.arguments + [file])
            }
        }
    }
}

/// What is measured at a time.
struct CodecTask: Sendable, Equatable {
    enum Operation: String, CaseIterable, Sendable {
        case encode
        case decode
    }

    var message: CodecMessage
    var operation: Operation

    static let all: [CodecTask] = CodecMessage.all.flatMap { message in
        Operation.allCases.map { CodecTask(message: message, operation: $0) }
    }

    var name: String {
        "\(self.message.name) \(self.message.valueBytes) \(self.operation.rawValue)"
    }
}

/// What glibc does with memory that an operation has freed.
enum Heap: CaseIterable, Sendable {
    /// It keeps it for the next operation.
    case kept
    /// It gives it back to the system when it is much, which is its default.
    case trimmed
}
