// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Testing

struct ConfigurationTests {
    private func error(
        _ configuration: EtcdClient.Configuration
    ) -> EtcdError? {
        do {
            _ = try EtcdClient(configuration: configuration)
            return nil
        } catch {
            return error as? EtcdError
        }
    }

    @Test
    func endpointsMustBeThereAndWellFormed() {
        #expect(self.error(.init(endpoints: []))?.code == .invalidEndpoint)
        #expect(self.error(.init(endpoints: [""]))?.code == .invalidEndpoint)
        let bad = self.error(.init(endpoints: ["a:1", "b:x"]))
        #expect(bad?.code == .invalidEndpoint)
        #expect(bad?.message.contains("b:x") == true)
        #expect(self.error(.init(endpoints: ["a:1", "https://b", "[::1]:3", "a:1"])) == nil)
    }

    @Test
    func plainTextAndTLSDoNotMix() {
        let error = self.error(.init(endpoints: ["http://a:1"], tls: .init()))
        #expect(error?.code == .invalidEndpoint)
        #expect(error?.endpoint == "http://a:1")
        #expect(self.error(.init(endpoints: ["a:1"], tls: .init())) == nil)
    }

    @Test
    func limitsMustBeMoreThanZero() {
        let good = EtcdClient.Configuration(endpoints: ["a"])
        var bad = Array(repeating: good, count: 9)
        bad[0].connectTimeout = .zero
        bad[1].requestTimeout = .seconds(-1)
        bad[2].keepAliveInterval = .zero
        bad[3].keepAliveTimeout = .zero
        bad[4].maximumResponseSize = 0
        bad[5].credentials = .init(user: "", password: "secret")
        bad[6].tls = .init(serverName: "")
        bad[7].credentials = .token("")
        bad[8].credentials = .token("secret\n")
        for configuration in bad {
            let error = self.error(configuration)
            #expect(error?.code == .invalidArgument)
            // What to do instead follows what is wrong.
            #expect(error?.message.contains("; ") == true)
            #expect(error?.message.contains("secret") == false)
        }
        #expect(self.error(good) == nil)
    }

    @Test
    func filesThatCannotBeUsedAreNamed() {
        let missing = self.error(
            .init(endpoints: ["a"], tls: .init(certificateAuthorities: .file("/no/such.pem")))
        )
        #expect(missing?.code == .tlsFailed)
        #expect(missing?.message.contains("/no/such.pem") == true)
        let empty = self.error(
            .init(endpoints: ["a"], tls: .init(certificateAuthorities: .pem("nothing")))
        )
        #expect(empty?.code == .tlsFailed)
    }

    @Test
    func descriptionsNeverShowSecrets() {
        let credentials = EtcdClient.Credentials(user: "unit", password: "hunter2")
        let configuration = EtcdClient.Configuration(
            endpoints: ["a"],
            tls: .init(privateKey: .pem("hunter2")),
            credentials: credentials
        )
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in [
            "\(credentials)", String(reflecting: credentials), "\(configuration)",
            String(reflecting: configuration), dumped,
        ] {
            #expect(!text.contains("hunter2"))
        }
        #expect("\(credentials)".contains("unit"))
        for credentials in [
            EtcdClient.Credentials.token("hunter2"), .tokens { "hunter2" },
        ] {
            var dumped = ""
            dump(credentials, to: &dumped)
            for text in ["\(credentials)", String(reflecting: credentials), dumped] {
                #expect(!text.contains("hunter2"))
            }
        }
    }
}
