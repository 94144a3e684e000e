// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdKit

struct PasswordHashTests {
    @Test func hashesAreSentInBase64() {
        #expect(EtcdAuth.base64([]) == "")
        #expect(EtcdAuth.base64(Array("Man".utf8)) == "TWFu")
        #expect(EtcdAuth.base64([0xfb, 0xef, 0xff, 0x00, 0x10, 0x83]) == "++//ABCD")
    }
}
