// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import FoundationEssentials
import Testing

@Suite(.computing)
struct FuzzedMessagesTests {
    /// The fuzzer is a target of its own that normal builds do not see, hence its source is read.
    @Test
    func everyMessageIsFuzzed() throws {
        let path = PackageRoot.path + "/Tests/Fuzz/Fuzzer/WireMessages.swift"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let fuzzed = text.split(separator: "\n").compactMap { line -> Substring? in
            let parts = line.split(separator: "(")
            guard parts.count == 2, parts[1].hasSuffix(".self),") else { return nil }
            return parts[1].dropLast(".self),".count)
        }
        let expected = MessageCodec.all.compactMap { $0.name.split(separator: ".").last }
        #expect(Set(fuzzed) == Set(expected))
    }
}
