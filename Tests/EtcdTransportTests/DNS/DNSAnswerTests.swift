// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

struct DNSAnswerTests {
    /// One question for `_s._tcp.x` and the records given.
    private static func answer(
        code: UInt8 = 0,
        questions: UInt8 = 1,
        _ records: [UInt8]...
    ) -> [UInt8] {
        let head: [UInt8] = [7, 7, 0x81, 0x80 | code, 0, questions, 0, UInt8(records.count)]
        return head + [0, 0, 0, 0] + self.question + records.flatMap { $0 }
    }

    private static let question: [UInt8] =
        [2] + Array("_s".utf8) + [4] + Array("_tcp".utf8) + [1] + Array("x".utf8) + [
            0, 0, 33, 0, 1,
        ]

    private static func record(
        type: UInt8 = 33,
        life: [UInt8] = [0, 0, 1, 44],
        _ target: [UInt8],
        port: UInt8 = 9
    ) -> [UInt8] {
        let data: [UInt8] = [0, 10, 0, 60, 1, port] + target
        return [0xc0, 12, 0, type, 0, 1] + life + [0, UInt8(data.count)] + data
    }

    private static let target: [UInt8] = [2] + Array("m1".utf8) + [1] + Array("x".utf8) + [0]

    private static let expected = ServiceRecord(
        priority: 10,
        weight: 60,
        port: 265,
        target: "m1.x",
        timeToLive: .seconds(300)
    )

    @Test func recordsAreRead() throws {
        let bytes = Self.answer(Self.record(Self.target), Self.record(type: 5, Self.target))
        #expect(try DNSAnswer(bytes).records == [Self.expected])
        #expect(try DNSAnswer(Self.answer()).records == [])
    }

    @Test func aTargetMayPointToAnEarlierName() throws {
        // `m1` and then the `x` of the question, at offset 12 + 8.
        let target: [UInt8] = [2] + Array("m1".utf8) + [0xc0, 20]
        #expect(try DNSAnswer(Self.answer(Self.record(target))).records == [Self.expected])
    }

    @Test func whatIsNotOfferedIsLeftOut() throws {
        let space: [UInt8] = [2] + Array("m ".utf8) + [0]
        let bytes = Self.answer(Self.record([0]), Self.record(space), Self.record(Self.target))
        #expect(try DNSAnswer(bytes).records == [Self.expected])
    }

    @Test func anAbsurdTimeToLiveIsNone() throws {
        let bytes = Self.answer(Self.record(life: [0x80, 0, 0, 0], Self.target))
        #expect(try DNSAnswer(bytes).records.map(\.timeToLive) == [.zero])
    }

    @Test func aServerThatRefusesIsBelieved() {
        #expect(throws: DNSAnswer.Failure.refused(3)) { try DNSAnswer(Self.answer(code: 3)) }
    }

    @Test(
        arguments: [
            // To itself, ahead, and to and fro.
            [0xc0, 43], [0xc0, 60], [1, 97, 0xc0, 43], [0x40, 0],
        ] as [[UInt8]]
    )
    func namesThatDoNotEndAreRefused(_ target: [UInt8]) {
        let bytes = Self.answer(Self.record(target))
        #expect(throws: DNSAnswer.Failure.name) { try DNSAnswer(bytes) }
    }

    @Test func aNameThatIsTooLongIsRefused() {
        // Each of these adds 64 bytes and goes on with the one before.
        let label: [UInt8] = [63] + [UInt8](repeating: 97, count: 63)
        var records = [Self.record(label + label + [0])]
        records.append(Self.record(label + label + [0xc0, 43]))
        let bytes = Self.answer(records[0], records[1])
        #expect(throws: DNSAnswer.Failure.name) { try DNSAnswer(bytes) }
    }

    @Test func anAnswerThatIsCutIsRefused() {
        let bytes = Self.answer(Self.record(Self.target))
        for count in 0..<bytes.count {
            #expect(throws: DNSAnswer.Failure.self) { try DNSAnswer(Array(bytes[..<count])) }
        }
    }

    @Test(.computing) func damagedAnswersDoNoHarm() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let whole = Self.answer(
            Self.record(Self.target),
            Self.record([2] + Array("m1".utf8) + [0xc0, 20])
        )
        for _ in 0..<20_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = bytes.indices.randomElement(using: &random) ?? 0
                bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) {
                bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            }
            guard let answer = try? DNSAnswer(bytes) else { continue }
            #expect(
                answer.records.allSatisfy { (1...255).contains($0.target.utf8.count) },
                "seed \(seed)"
            )
        }
    }
}
