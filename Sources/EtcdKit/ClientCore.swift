// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What all calls of a client share: connections, credentials, and the one way to make a call.
final class ClientCore: Sendable {
    init(configuration: EtcdClient.Configuration) throws {
    }

    /// Ends everything, waiting for an orderly close.
    func shutdown() async {
    }

    /// Ends everything at once because nobody can use the client any more.
    func abandon() {
    }
}
