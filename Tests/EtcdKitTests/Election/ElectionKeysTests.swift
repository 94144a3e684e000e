// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdKit

@Suite
struct ElectionKeysTests {
    private func prefix(_ name: some EtcdBytesConvertible, root: String? = "/r") throws -> String? {
        try ElectionKeys(root: root, name: name.etcdBytes).prefix.string
    }

    @Test func theLayoutIsWhatTheDocumentationSays() throws {
        #expect(try self.prefix("scheduler", root: "/elections") == "/elections/scheduler/")
        #expect(try self.prefix("x", root: nil) == "x/")
        #expect(try self.prefix("x", root: "") == "/x/")
        #expect(try self.prefix("a/b c%") == "/r/a%2Fb%20c%25/")
        #expect(try self.prefix([0x00, 0x0a, 0xff]) == "/r/%00%0A%FF/")
        let keys = try ElectionKeys(root: "/r", name: "a")
        #expect(
            keys.candidate(lease: .init(0xbeef), nonce: 0x1f).string == "/r/a/beef-000000000000001f"
        )
        #expect(
            keys.candidate(lease: .init(-1), nonce: .max).string
                == "/r/a/ffffffffffffffff-ffffffffffffffff"
        )
    }

    @Test func noPrefixIsAPrefixOfAnother() throws {
        let names: [EtcdBytes] = [
            "a", "a/", "a/b", "a%2Fb", "/", "//", "%", "ab", "b", "a\0", EtcdBytes([0]),
            EtcdBytes([0xff]), EtcdBytes([0xff, 0xff]), " ", "ä", "A",
        ]
        let prefixes = try names.map { try ElectionKeys(root: "/r", name: $0).prefix.bytes }
        for (index, one) in prefixes.enumerated() {
            for other in prefixes[(index + 1)...] {
                #expect(!one.starts(with: other) && !other.starts(with: one))
            }
        }
    }

    @Test func whatCouldClashIsRefused() {
        for (name, root) in [("", "/r"), ("a", "/r/"), ("a", "/"), ("", nil)] as [(String, String?)]
        {
            let error = #expect(throws: EtcdError.self) {
                try ElectionKeys(root: root, name: EtcdBytes(name))
            }
            #expect(error?.code == .invalidArgument)
        }
    }
}
