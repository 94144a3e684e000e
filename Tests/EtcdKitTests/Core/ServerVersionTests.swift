// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdKit

@Suite
struct ServerVersionTests {
    @Test
    func releasesAreReadAndCompared() {
        #expect(ServerVersion("3.5.12") == ServerVersion(3, 5, 12))
        #expect(ServerVersion(3, 5, 9) < ServerVersion(3, 5, 12))
        #expect(ServerVersion(3, 5, 12) < ServerVersion(3, 6, 0))
        #expect(ServerVersion(3, 10, 0) < ServerVersion(4, 0, 0))
    }

    @Test(arguments: [
        "", "3", "3.5", "3.5.", ".5.8", "3..8", "3.5.8.1", "v3.5.8", "3.5.8 ", "3.6.0-rc.1",
        "3.6.0-alpha.0", "3.5.8+git", "3.+5.8", "-3.5.8", "3.5.٨", "3.5.99999999999999999999",
        "Not Found",
    ])
    func whatIsNoReleaseIsNotRead(_ text: String) {
        #expect(ServerVersion(text) == nil)
    }

    @Test
    func trueProgressBeganInSeveralReleases() throws {
        for text in ["3.4.25", "3.4.42", "3.5.8", "3.5.10", "3.6.0", "3.7.1", "4.0.0"] {
            #expect(try #require(ServerVersion(text)).hasTrueProgress, "\(text)")
        }
        for text in ["2.3.8", "3.0.0", "3.3.99", "3.4.0", "3.4.24", "3.5.0", "3.5.7"] {
            #expect(try #require(ServerVersion(text)).hasTrueProgress == false, "\(text)")
        }
    }
}
