// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

/// Where a client's endpoints come from, and the list they make together.
struct EndpointSources {
    /// From the configuration, or what took its place.
    var configured: [Endpoint]
    /// From the records of a service, in the order to try them.
    var discovered: [Endpoint] = []
    /// What the members told, without the others.
    private(set) var members: [Endpoint] = []

    init(configured: [Endpoint]) {
        self.configured = configured
    }

    /// What stays whatever the members tell.
    var bootstrap: [Endpoint] {
        self.configured + self.discovered.filter { !self.configured.contains($0) }
    }

    /// All of them, each once.
    var list: [Endpoint] {
        let bootstrap = self.bootstrap
        return bootstrap + self.members.filter { !bootstrap.contains($0) }
    }

    /// Takes what the members tell; new ones in an order that differs from client to client.
    mutating func hear(_ told: [Endpoint]) {
        let staying = self.members.filter { told.contains($0) }
        self.members = staying + told.filter { !staying.contains($0) }.shuffled()
    }
}
