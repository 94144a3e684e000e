// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Testing

struct EtcdBytesTests {
    @Test
    func bytesComeFromStringsLiteralsAndSequences() {
        let literal: EtcdBytes = "äb"
        #expect(literal.bytes == [0xc3, 0xa4, 0x62])
        #expect(EtcdBytes("äb") == literal)
        #expect(EtcdBytes([0xc3, 0xa4, 0x62]) == literal)
        #expect(EtcdBytes([UInt8](1...9)[2...4]).bytes == [3, 4, 5])
        #expect(literal.string == "äb")
        #expect(literal.count == 3)
    }

    @Test
    func bytesThatAreNotUTF8HaveNoString() {
        #expect(EtcdBytes([0xff]).string == nil)
        #expect(EtcdBytes([0xc3]).string == nil)
        #expect(EtcdBytes([]).string == "")
        #expect(EtcdBytes([0]).string == "\0")
    }

    @Test
    func bytesCompareAsEtcdSortsKeys() {
        let sorted: [EtcdBytes] = ["", EtcdBytes([0]), "a", EtcdBytes([0x61, 0]), "ab", "b"]
        #expect(sorted.shuffled().sorted() == sorted)
        #expect(EtcdBytes([0x7f]) < EtcdBytes([0x80]))
        #expect(!(EtcdBytes("a") < EtcdBytes("a")))
    }

    @Test
    func descriptionsNeverShowTheContent() {
        let secret: EtcdBytes = "secret"
        #expect("\(secret)" == "<6 bytes>")
        #expect(String(reflecting: secret) == "<6 bytes>")
        #expect("\(EtcdBytes([1]))" == "<1 byte>")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("115"))
    }

    @Test
    func theUsualTypesConvert() {
        func bytes(_ value: some EtcdBytesConvertible) -> [UInt8] { value.etcdBytes.bytes }
        #expect(bytes("ab") == [0x61, 0x62])
        #expect(bytes("xaby".dropFirst().dropLast()) == [0x61, 0x62])
        #expect(bytes([UInt8(1), 2]) == [1, 2])
        #expect(bytes([UInt8(1), 2, 3][1...]) == [2, 3])
        #expect(bytes(EtcdBytes("ab")) == [0x61, 0x62])
    }

    @Test
    func leaseNamesPrintInHexadecimalAndRevisionsInDecimal() {
        #expect("\(EtcdLeaseID(0x7f2d_01ab))" == "7f2d01ab")
        #expect("\(EtcdLeaseID(-1))" == "ffffffffffffffff")
        #expect("\(EtcdRevision(42))" == "42")
        #expect(EtcdRevision(41).next == 42)
    }
}
