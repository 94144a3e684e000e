// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// One connection through a `FaultProxy`: the client's socket and the server's.
final class ProxyLink: Sendable {
    /// What happens to a piece of data.
    enum Fate {
        case pass(after: Duration)
        case hold
        case drop
        case cut
    }

    private struct State {
        /// The descriptors are closed when both threads have left.
        var pumps = 2
        var isReset = false
    }

    private let client: Int32
    private let server: Int32
    private let state = Mutex(State())

    init(client: Int32, server: Int32) {
        self.client = client
        self.server = server
        for socket in [client, server] {
            // A thread that waits for a slow reader looks around now and then.
            var limit = timeval(tv_sec: 0, tv_usec: 100_000)
            unsafe setsockopt(
                socket,
                SOL_SOCKET,
                SO_SNDTIMEO,
                &limit,
                socklen_t(MemoryLayout<timeval>.size)
            )
            // Small frames must not wait for each other.
            var on: Int32 = 1
            unsafe setsockopt(
                socket,
                Int32(IPPROTO_TCP),
                TCP_NODELAY,
                &on,
                socklen_t(MemoryLayout<Int32>.size)
            )
        }
    }

    var isOver: Bool { self.state.withLock { $0.pumps == 0 } }

    /// Ends both sides with a reset.
    func reset() {
        self.state.withLock { state in
            guard state.pumps > 0 else { return }
            state.isReset = true
            ProxySocket.lingerZero(self.client)
            ProxySocket.lingerZero(self.server)
            // Wakes the threads; the last one closes, and that sends the reset.
            shutdown(self.client, Int32(SHUT_RD))
            shutdown(self.server, Int32(SHUT_RD))
        }
    }

    /// Copies one direction until it ends; blocks.
    func pump(from source: Int32, to sink: Int32, fate: (Int) -> Fate) {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        reading: while true {
            let count = unsafe recv(source, &chunk, chunk.count, 0)
            guard count > 0, !self.state.withLock({ $0.isReset }) else { break }
            deciding: while true {
                switch fate(count) {
                case .pass(let delay):
                    if delay > .zero { ProxySocket.sleep(delay) }
                    guard self.write(chunk[..<count], to: sink) else { break reading }
                    break deciding
                case .hold:
                    if self.state.withLock({ $0.isReset }) { break reading }
                    ProxySocket.sleep(.milliseconds(2))
                case .drop:
                    break deciding
                case .cut:
                    self.reset()
                    break reading
                }
            }
        }
        self.leave(sink)
    }

    private func leave(_ sink: Int32) {
        self.state.withLock { state in
            state.pumps -= 1
            guard state.pumps == 0 else {
                // The other direction goes on, unless all is over.
                if !state.isReset { shutdown(sink, Int32(SHUT_WR)) }
                return
            }
            close(self.client)
            close(self.server)
        }
    }

    private func write(_ bytes: ArraySlice<UInt8>, to socket: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { buffer in
                unsafe send(socket, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EAGAIN, !self.state.withLock({ $0.isReset }) { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

enum ProxySocket {
    /// Makes close() send a reset instead of an orderly end.
    static func lingerZero(_ socket: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(
            socket,
            SOL_SOCKET,
            SO_LINGER,
            &option,
            socklen_t(MemoryLayout<linger>.size)
        )
    }

    static func reset(_ socket: Int32) {
        self.lingerZero(socket)
        close(socket)
    }

    /// Wakes a thread that accepts on the socket; it closes the descriptor.
    static func end(_ listener: Int32) {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    static func sleep(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        Thread.sleep(forTimeInterval: Double(seconds) + Double(attoseconds) * 1e-18)
    }

    static func onThread(_ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.stackSize = 256 << 10
        thread.start()
    }
}
