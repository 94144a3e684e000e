// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdTransport

@Suite struct PercentEncodingTests {
    @Test(arguments: [
        ("", ""),
        ("plain text", "plain text"),
        ("etcdserver%3A no leader", "etcdserver: no leader"),
        ("%E2%82%ac", "€"),
        ("100%", "100%"),
        ("%4", "%4"),
        ("%zz%41", "%zzA"),
        ("%%41", "%A"),
    ])
    func textIsDecodedAndWhatIsMalformedStays(encoded: String, decoded: String) {
        let bytes = PercentEncoding.decode(Array(encoded.utf8))
        #expect(String(decoding: bytes, as: UTF8.self) == decoded)
    }
}
