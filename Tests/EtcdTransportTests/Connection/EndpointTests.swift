// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import Testing

struct EndpointTests {
    struct Good: Sendable, CustomTestStringConvertible {
        let text: String
        let url: String
        var isAddress = false

        var testDescription: String { self.text }
    }

    @Test(arguments: [
        Good(text: "etcd-1:2379", url: "http://etcd-1:2379"),
        Good(text: "etcd-1", url: "http://etcd-1:2379"),
        Good(text: "http://etcd-1.example:1", url: "http://etcd-1.example:1"),
        Good(text: "https://etcd_1:65535", url: "https://etcd_1:65535"),
        Good(text: "HTTPS://Etcd:02379/", url: "https://Etcd:2379"),
        Good(text: "127.0.0.1:2379", url: "http://127.0.0.1:2379", isAddress: true),
        Good(text: "[::1]:12379", url: "http://[::1]:12379", isAddress: true),
        Good(text: "[::1]", url: "http://[::1]:2379", isAddress: true),
        Good(text: "https://[2001:db8::7]:1", url: "https://[2001:db8::7]:1", isAddress: true),
        Good(text: "1.2.3.4.5", url: "http://1.2.3.4.5:2379"),
    ])
    func wellFormedTextIsUnderstood(_ good: Good) throws {
        let endpoint = try Endpoint(parsing: good.text, tlsByDefault: false)
        #expect(endpoint.description == good.url)
        #expect(endpoint.isIPAddress == good.isAddress)
        #expect(!endpoint.host.contains("["))
    }

    @Test
    func aSocketIsNamedByItsWholePath() throws {
        let plain = try Endpoint(parsing: "unix:///run/etcd/a@b.sock", tlsByDefault: true)
        #expect(plain.socketPath == "/run/etcd/a@b.sock" && !plain.usesTLS && plain.isLoopback)
        #expect(plain.description == "unix:///run/etcd/a@b.sock")
        let secure = try Endpoint(parsing: "UNIXS:///run/etcd/c", tlsByDefault: false)
        #expect(secure.usesTLS && secure.description == "unixs:///run/etcd/c")
        let longest = "/" + String(repeating: "a", count: 106)
        #expect(
            try Endpoint(parsing: "unix://\(longest)", tlsByDefault: false).socketPath == longest
        )
    }

    @Test(arguments: [
        "unix://", "unix://relative", "unix://localhost:1", "unix://@abstract", "unix:///folder/",
        "unix:///" + String(repeating: "a", count: 107),
    ])
    func otherSocketsAreRefused(_ text: String) {
        let error = #expect(throws: EndpointError.self) {
            try Endpoint(parsing: text, tlsByDefault: false)
        }
        #expect(error?.description.contains("socket") == true)
    }

    @Test
    func theDefaultOfTLSCountsOnlyWithoutAScheme() throws {
        #expect(try Endpoint(parsing: "a", tlsByDefault: true).usesTLS)
        #expect(try !Endpoint(parsing: "a", tlsByDefault: false).usesTLS)
        #expect(try !Endpoint(parsing: "http://a", tlsByDefault: true).usesTLS)
        #expect(try Endpoint(parsing: "https://a", tlsByDefault: false).usesTLS)
    }

    @Test(arguments: [
        ("", EndpointError.Reason.empty),
        (":2379", .missingHost),
        ("http://", .missingHost),
        ("http://:1", .missingHost),
        ("a:", .port("")),
        ("a:0", .port("0")),
        ("a:65536", .port("65536")),
        ("a:+1", .port("+1")),
        ("a:23x", .port("23x")),
        ("a:99999999999999999999", .port("99999999999999999999")),
        ("ftp://a:1", .unknownScheme("ftp")),
        ("tcp://etcd:1", .unknownScheme("tcp")),
        ("://a", .unknownScheme("")),
        ("::1", .unbracketedAddress),
        ("::1:2379", .unbracketedAddress),
        ("[::1", .bracket),
        ("[::1]2379", .bracket),
        ("[::1]:", .port("")),
        ("[]:1", .address("")),
        ("[127.0.0.1]:1", .address("127.0.0.1")),
        ("[fe80::1%eth0]:1", .address("fe80::1%eth0")),
        ("a/b", .path),
        ("http://a:1/v3", .path),
        ("http://a:1//", .path),
        ("a?b", .path),
        ("a#b", .path),
        ("a b:1", .hostName("a b")),
        (" a:1", .hostName(" a")),
        ("a\n:1", .hostName("a\n")),
        ("a\0:1", .hostName("a\0")),
        ("bücher:1", .hostName("bücher")),
    ])
    func malformedTextIsRefusedWithItsReason(_ text: String, _ reason: EndpointError.Reason) {
        let error = #expect(throws: EndpointError.self) {
            try Endpoint(parsing: text, tlsByDefault: false)
        }
        #expect(error?.reason == reason)
        #expect(error?.text == text)
    }

    @Test(arguments: [
        "http://root:secret@a:1", "root:secret@a", "https://x@", "ftp://u:secret@b",
        "unix://root:secret@run/etcd.sock", "unixs://root:secret@/run/etcd.sock",
    ])
    func aPasswordInAnEndpointIsRefusedAndNotRepeated(_ text: String) {
        let error = #expect(throws: EndpointError.self) {
            try Endpoint(parsing: text, tlsByDefault: false)
        }
        #expect(error?.reason == .userInfo)
        #expect(error?.text == "")
        #expect(error?.description.contains("secret") == false)
    }
}
