// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

package import EtcdTransport
import Logging

extension ScriptedServer {
    /// A client's connection to this server, not connected yet.
    package func makeConnection(
        host: String = "127.0.0.1",
        tls: TLSConfiguration? = nil,
        loop: EventLoop = .shared,
        _ configure: (inout ConnectionConfiguration) -> Void = { _ in }
    ) throws -> Connection {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var configuration = ConnectionConfiguration(connectTimeout: .seconds(20), logger: logger)
        configuration.tls = try tls.map { try TLSContext($0) }
        configure(&configuration)
        let endpoint = try Endpoint(parsing: "\(host):\(port)", tlsByDefault: tls != nil)
        return Connection(endpoint: endpoint, configuration: configuration, loop: loop)
    }

    /// A client's connection to this server, ready for calls.
    package func connect(
        host: String = "127.0.0.1",
        tls: TLSConfiguration? = nil,
        _ configure: (inout ConnectionConfiguration) -> Void = { _ in }
    ) async throws -> Connection {
        let connection = try makeConnection(host: host, tls: tls, configure)
        try await connection.connect()
        return connection
    }
}
