// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdWire
import FoundationEssentials
import Testing

/// EtcdWire next to libprotobuf-c, which runs the codecs that protoc-c generated from `Protos/`.
///
/// `ETCDKIT_ORACLE_ROUNDS` sets how many messages of each type are compared, and
/// `ETCDKIT_ORACLE_SEED` which ones.
@Suite(.computing)
struct OracleTests {
    static let rounds = Self.number("ETCDKIT_ORACLE_ROUNDS").map { Int(clamping: $0) } ?? 2000
    static let seed: UInt64 = {
        let seed = Self.number("ETCDKIT_ORACLE_SEED") ?? .random(in: .min ... .max)
        print("OracleTests: ETCDKIT_ORACLE_SEED=\(seed)")
        return seed
    }()

    private static func number(_ variable: String) -> UInt64? {
        ProcessInfo.processInfo.environment[variable].flatMap { UInt64($0) }
    }

    /// Where one seed serves for all types, each still gets content of its own.
    private static func generator(for codec: MessageCodec) -> SeededGenerator {
        SeededGenerator(seed: codec.name.utf8.reduce(Self.seed) { $0 &* 31 &+ UInt64($1) })
    }

    @Test
    func everyMessageOfTheServicesIsCompared() {
        let described = Set(ReferenceSchema.shared.types.map(\.name))
        #expect(Set(MessageCodec.all.map(\.name)) == described)
    }

    @Test(arguments: MessageCodec.all)
    func randomMessagesAreReadAndWrittenAsByTheReference(codec: MessageCodec) throws {
        let type = try #require(ReferenceSchema.shared.type(named: codec.name))
        var random = RandomMessage(generator: Self.generator(for: codec))
        for round in 0..<Self.rounds {
            let content = random.make(type)
            let place = "ETCDKIT_ORACLE_SEED=\(Self.seed), round \(round)"
            guard let reference = ReferenceMessage(content.bytesForReference, as: type)?.bytes
            else {
                Issue.record("libprotobuf-c refuses the message: \(place)")
                return
            }
            let ours = Result { try codec.rewrite(content.bytes) }
            guard case .success(reference) = ours else {
                Issue.record("\(ours) is not \(reference), made of \(content.bytes): \(place)")
                return
            }
            // What libprotobuf-c wrote is read and written alike by us, and what we wrote by it.
            let again = Result { try codec.rewrite(reference) }
            guard case .success(reference) = again else {
                Issue.record("\(again) is not \(reference): \(place)")
                return
            }
            guard ReferenceMessage(reference, as: type)?.bytes == reference else {
                Issue.record("libprotobuf-c reads \(reference) otherwise: \(place)")
                return
            }
        }
        #expect(random.madeFields == Set(type.fields.map(\.number)), "seed \(Self.seed)")
    }

    /// Bytes alone would not show two fields that are mixed up in reading and in writing.
    @Test(arguments: MessageCodec.all)
    func fieldsHaveTheNamesAndValuesThatTheReferenceSees(codec: MessageCodec) throws {
        let type = try #require(ReferenceSchema.shared.type(named: codec.name))
        var random = RandomMessage(generator: Self.generator(for: codec))
        for round in 0..<max(Self.rounds / 40, 1) {
            let content = random.make(type)
            let reference = ReferenceMessage(content.bytesForReference, as: type)?.fields
            let ours = try codec.fields(content.bytes)
            guard ours == reference else {
                Issue.record(
                    """
                    \(ours) is not \(String(describing: reference)): \
                    ETCDKIT_ORACLE_SEED=\(Self.seed), round \(round)
                    """
                )
                return
            }
        }
    }
}
