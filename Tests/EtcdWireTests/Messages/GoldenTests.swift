// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdWire
import FoundationEssentials
import Testing

struct GoldenTests {
    @Test(arguments: Golden.all)
    func messageIsWrittenAsProtocWritesIt(golden: Golden) {
        #expect(golden.serialized == golden.bytes)
    }

    @Test(arguments: Golden.all)
    func bytesFromProtocAreReadAsTheMessage(golden: Golden) throws {
        #expect(try golden.isMessage(golden.bytes))
    }

    @Test(arguments: Golden.all)
    func unknownFieldsChangeNothing(golden: Golden) throws {
        // Field 2047 as varint, fixed64, bytes, group in group, fixed32.
        let unknown: [[UInt8]] = [
            [UInt8](hex: "f87f ffffffffffffffffff01"),
            [UInt8](hex: "f97f 0102030405060708"),
            [UInt8](hex: "fa7f 03 ffffff"),
            [UInt8](hex: "fb7f 0b 0801 0c 1203 616263 fc7f"),
            [UInt8](hex: "fd7f 01020304"),
        ]
        for field in unknown {
            #expect(try golden.isMessage(field + golden.bytes))
            #expect(try golden.isMessage(golden.bytes + field))
        }
    }

    @Test(arguments: Golden.all)
    func everyTruncationIsAnErrorOrAMessage(golden: Golden) {
        for count in 0..<golden.bytes.count {
            let outcome = Result { try golden.survivesRoundTrip(Array(golden.bytes[..<count])) }
            #expect(outcome.isMessageOrWireError, "cut to \(count) bytes")
        }
    }

    @Test(arguments: Golden.all)
    func mutatedBytesAreAnErrorOrAMessage(golden: Golden) {
        var generator = SeededGenerator()
        let seed = generator.seed
        print("\(#function), \(golden.name): seed \(seed)")
        for round in 0..<200 where !golden.bytes.isEmpty {
            var bytes = golden.bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = Int.random(in: bytes.indices, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[index] = .random(in: .min ... .max, using: &generator)
                case 1: bytes[index] ^= 1 << Int.random(in: 0..<8, using: &generator)
                case 2: bytes.insert(.random(in: .min ... .max, using: &generator), at: index)
                default: bytes[index] = 0xFF
                }
            }
            let outcome = Result { [bytes] in try golden.survivesRoundTrip(bytes) }
            #expect(outcome.isMessageOrWireError, "seed \(seed), round \(round)")
        }
    }

    @Test(arguments: Golden.all)
    func randomMessagesSurviveARoundTrip(golden: Golden) {
        var fields = RandomFields(generator: SeededGenerator())
        let seed = fields.generator.seed
        print("\(#function), \(golden.name): seed \(seed)")
        var messages = 0
        for round in 0..<300 {
            let outcome = Result { [bytes = fields.message()] in
                try golden.survivesRoundTrip(bytes)
            }
            #expect(outcome.isMessageOrWireError, "seed \(seed), round \(round)")
            if case .success = outcome { messages += 1 }
        }
        // The rest has fields inside of strings or strings in the place of messages.
        #expect(messages > 50, "seed \(seed)")
    }

    @Test
    func everyMessageOfTheServicesHasGoldenBytes() throws {
        let betweenMembersOrInTheStore: Set = [
            "authpb.User", "authpb.Role", "etcdserverpb.LeaseCheckpoint",
            "etcdserverpb.LeaseCheckpointRequest", "etcdserverpb.LeaseCheckpointResponse",
            "etcdserverpb.DowngradeVersionTestRequest",
        ]
        let declared = try Self.declaredMessages()
        #expect(declared.isSuperset(of: betweenMembersOrInTheStore))
        let expected = declared.subtracting(betweenMembersOrInTheStore)
        #expect(Set(Golden.all.map(\.name)) == expected)
    }

    /// The full names of the messages that stand in `Protos/`.
    private static func declaredMessages() throws -> Set<String> {
        var names: Set<String> = []
        for file in ["auth", "health", "kv", "rpc", "v3election", "v3lock"] {
            let path = "\(PackageRoot.path)/Protos/\(file).proto"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            var package: Substring = ""
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ")
                if line.hasPrefix("package ") { package = words[1].dropLast() }
                if line.hasPrefix("message ") { names.insert("\(package).\(words[1])") }
            }
        }
        return names
    }
}

extension Result where Success == Bool {
    /// True for a message that survived and for bytes that were refused.
    fileprivate var isMessageOrWireError: Bool {
        switch self {
        case .success(let survived): survived
        case .failure(let error): error is WireError
        }
    }
}
