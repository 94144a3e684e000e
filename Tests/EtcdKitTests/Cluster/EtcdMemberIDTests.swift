// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Testing

struct EtcdMemberIDTests {
    @Test func theNameIsWhatEtcdctlPrints() {
        #expect(EtcdMemberID(0x8e9e_05c5_2164_694d).description == "8e9e05c52164694d")
        #expect(EtcdMemberID(0xf).description == "f")
        #expect(EtcdMemberID("8e9e05c52164694d") == EtcdMemberID(0x8e9e_05c5_2164_694d))
        for text in ["", "xyz", "-1", "+1", "0x1", "8e9e05c52164694d0"] {
            #expect(EtcdMemberID(text) == nil)
        }
    }
}
