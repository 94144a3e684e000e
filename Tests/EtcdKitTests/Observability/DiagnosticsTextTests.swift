// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import Foundation
import Testing

@testable import EtcdKit

struct DiagnosticsTextTests {
    private var picture: EtcdDiagnostics {
        var picture = EtcdDiagnostics()
        picture.clusterID = .max
        picture.foreignEndpoints = [.init(url: "http://127.0.0.1:1", clusterID: 0xab)]
        let status = TLSStatus(
            certificateEnd: 1060,
            lastReload: 970,
            lastFailure: .init(time: 980, reason: .emptyPath(purpose: "key"))
        )
        picture.tls = EtcdDiagnostics.TLS(status, now: 1000)
        return picture
    }

    @Test func clustersAndCertificatesAreTold() {
        let text = self.picture.description
        #expect(text.contains("cluster ffffffffffffffff\n"))
        #expect(text.contains("endpoint http://127.0.0.1:1 belongs to cluster ab, not used\n"))
        #expect(text.contains("tls: the client certificate is valid for 60 s"))
        #expect(text.contains(", certificates reloaded 30 s ago\n  last reload failed 20 s ago: "))
        var expired = self.picture
        expired.tls?.certificateRemaining = .seconds(-1)
        #expect(expired.description.contains("tls: the client certificate has expired"))
        expired.tls = .init(.init(certificateEnd: nil, lastReload: nil, lastFailure: nil), now: 0)
        #expect(expired.description.contains("tls: no client certificate\n"))
    }

    @Test func clustersAndCertificatesAreEncoded() throws {
        let data = try JSONEncoder().encode(self.picture)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object["clusterID"] as? String == "ffffffffffffffff")
        let foreign = try #require(object["foreignEndpoints"] as? [[String: String]])
        #expect(foreign == [["url": "http://127.0.0.1:1", "clusterID": "ab"]])
        let tls = try #require(object["tls"] as? [String: Any])
        #expect(tls["certificateRemainingSeconds"] as? Double == 60)
        #expect(tls["lastReloadAgeSeconds"] as? Double == 30)
        let failure = try #require(tls["lastReloadFailure"] as? [String: Any])
        #expect(failure["ageSeconds"] as? Double == 20)
    }
}
