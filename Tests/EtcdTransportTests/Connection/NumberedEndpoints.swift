// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdTransport

extension Endpoint {
    /// Endpoints by number, for tests that connect to none.
    static func numbered(_ number: Int) -> Endpoint {
        Endpoint(host: "etcd-\(number)", port: 2379, usesTLS: false, isIPAddress: false)
    }
}

extension EndpointPicker {
    /// A picker of so many numbered endpoints.
    init(count: Int, start: Int) {
        self.init((0..<count).map { .numbered($0) }, startingAt: start)
    }
}
