// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// One connection through a `FaultProxy`: the client's socket and the server's.
final class ProxyLink: Sendable {
    /// What happens to a piece of data.
    enum Fate: Equatable {
        /// So many bytes of it go on.
        case pass(Int, after: Duration)
        case hold
        case drop
        /// A bit changes, and then it is looked at again.
        case flip
        case cut
    }

    private struct State {
        /// The descriptors are closed when both threads have left.
        var pumps = 2
        var isReset = false
    }

    /// Who dialled, if that is known.
    let dialer: String?
    private let client: Int32
    private let server: Int32
    private let state = Mutex(State())

    init(client: Int32, server: Int32, dialer: String?) {
        self.dialer = dialer
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
    func pump(_ direction: FaultProxy.Direction, fate: (Int) -> Fate) {
        let source = direction == .toServer ? self.client : self.server
        let sink = direction == .toServer ? self.server : self.client
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe recv(source, &chunk, chunk.count, 0)
            guard count > 0, !self.isReset else { break }
            guard self.passOn(chunk[..<count], to: sink, fate) else { break }
        }
        // The end of a connection does not cross a black hole either.
        while fate(0) == .hold, !self.isReset { ProxySocket.sleep(.milliseconds(5)) }
        self.leave(sink)
    }

    /// Does to a piece what is to be done; false when the link is over.
    private func passOn(
        _ read: ArraySlice<UInt8>,
        to sink: Int32,
        _ fate: (Int) -> Fate
    ) -> Bool {
        var piece = read
        while !piece.isEmpty {
            if self.isReset { return false }
            switch fate(piece.count) {
            case .pass(let count, let delay):
                if delay > .zero { ProxySocket.sleep(delay) }
                guard self.write(piece.prefix(count), to: sink) else { return false }
                piece = piece.dropFirst(count)
            case .hold:
                ProxySocket.sleep(.milliseconds(5))
            case .drop:
                return true
            case .flip:
                piece[piece.startIndex + piece.count / 2] ^= 0x10
            case .cut:
                self.reset()
                return false
            }
        }
        return true
    }

    private var isReset: Bool { self.state.withLock { $0.isReset } }

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
            if count < 0, errno == EAGAIN, !self.isReset { continue }
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
