// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// Listens on a loopback port, says the same to everybody who connects, and does not listen.
///
/// For clients that are told a wrong address. An empty greeting makes a server that is silent.
package final class TalkingServer: Sendable {
    package let port: UInt16
    private let listener: Int32
    /// The open connections; nil once the server has ended.
    private let connections = Mutex<[Int32]?>([])

    package init(greeting: String) throws {
        self.port = try LoopbackPort.free()
        self.listener = try LoopbackPort.listen(on: self.port)
        let bytes = [UInt8](greeting.utf8)
        // Ends when the listener is shut down.
        Thread.detachNewThread { [listener, weak self] in
            defer { Glibc.close(listener) }
            while let connection = LoopbackPort.accept(on: listener) {
                guard let self else { return }
                self.connections.withLock { $0?.append(connection) }
                _ = unsafe Glibc.send(
                    connection,
                    bytes,
                    bytes.count,
                    Int32(MSG_NOSIGNAL)
                )
            }
        }
    }

    deinit {
        self.close()
    }

    /// Ends the server and its connections.
    package func close() {
        let connections = self.connections.withLock { connections in
            defer { connections = nil }
            return connections
        }
        guard let connections else { return }
        // Ends the thread, which closes it.
        Glibc.shutdown(self.listener, Int32(SHUT_RDWR))
        for connection in connections { Glibc.close(connection) }
    }
}
