// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// One connection of a scripted server: its socket, TLS if any, and the session.
///
/// Used on the server's thread only.
package final class ScriptedLink {
    package let session: ScriptedSession?
    let descriptor: Int32
    private let tls: TLSServerPeer?
    private let options: ScriptedServer.Options
    private var pending: [UInt8] = []
    private var hasAnswered = false
    private var events: [ScriptedEvent] = [.connected]
    private(set) var isClosed = false
    /// Leaves everything that still comes in the socket, as a process that hangs does.
    package var stopsReading = false

    init(descriptor: Int32, options: ScriptedServer.Options) throws {
        self.descriptor = descriptor
        self.options = options
        tls = try options.identity.map { try TLSServerPeer($0, options.tls) }
        switch options.behaviour {
        case .http2(let options):
            session = ScriptedSession(options)
        case .greeting(let bytes, let hangsUp):
            session = nil
            if tls == nil {
                pending = bytes
                hasAnswered = true
                if hangsUp {
                    flush()
                    close()
                }
            }
        case .answer:
            session = nil
        }
    }

    deinit {
        close()
    }

    // MARK: What a script says

    /// Ends the connection in an orderly way.
    package func close() {
        guard !isClosed else {
            return
        }
        flush()
        tls?.close()
        flush()
        isClosed = true
        shutdown(descriptor, Int32(SHUT_WR))
        Glibc.close(descriptor)
        events.append(.disconnected)
    }

    /// Ends the connection as a crash does: with a reset.
    package func abort() {
        guard !isClosed else {
            return
        }
        isClosed = true
        // Linux resets a connection that is disconnected like this, even when a child process has
        // inherited the descriptor.
        var nowhere = sockaddr()
        nowhere.sa_family = sa_family_t(AF_UNSPEC)
        unsafe connect(descriptor, &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
        Glibc.close(descriptor)
        events.append(.disconnected)
    }

    /// Sends bytes past the session, and past TLS.
    package func sendBelow(_ bytes: [UInt8]) {
        flush()
        pending += bytes
    }

    // MARK: From the server's loop

    var wantsWrite: Bool { !pending.isEmpty }

    func takeEvents() -> [ScriptedEvent] {
        defer { events = [] }
        return events + (session?.takeEvents() ?? [])
    }

    func readAvailable() {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while !isClosed, !stopsReading {
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EAGAIN || errno == EINTR {
                return
            }
            guard count > 0 else {
                close()
                return
            }
            received(Array(buffer.prefix(count)))
        }
    }

    private func received(_ bytes: [UInt8]) {
        var text = bytes
        if let tls {
            tls.receive(bytes)
            text = tls.read()
        }
        defer {
            if let tls, tls.failure != nil || tls.isClosedByPeer {
                close()
            }
        }
        if let session {
            session.receive(text)
            return
        }
        events.append(.raw(text))
        guard !hasAnswered else {
            return
        }
        switch options.behaviour {
        case .greeting(let answer, let hangsUp), .answer(let answer, let hangsUp):
            hasAnswered = true
            if let tls {
                tls.write(answer)
            } else {
                pending += answer
            }
            flush()
            if hangsUp {
                close()
            }
        case .http2:
            break
        }
    }

    /// Writes what there is, as far as the socket takes it.
    func flush() {
        guard !isClosed else {
            return
        }
        if let session, tls?.isEstablished ?? true {
            let output = session.drainOutgoing()
            if let tls {
                tls.write(output)
            } else {
                pending += output
            }
        }
        if let tls {
            pending += tls.drainOutgoing()
        }
        var sent = 0
        defer { pending.removeFirst(sent) }
        while sent < pending.count {
            let piece = pending[sent...].prefix(options.chunk)
            let count = unsafe piece.withUnsafeBytes {
                unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else {
                // Whoever is gone needs nothing any more.
                sent = errno == EAGAIN ? sent : pending.count
                return
            }
            sent += count
        }
    }
}
