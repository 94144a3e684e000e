// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A connection's socket, registered with the event loop from birth to ``close()``.
///
/// `@unchecked Sendable`: used on the loop's thread only, by the connection and by the loop.
final class ConnectedSocket: EventLoopHandler, @unchecked Sendable {
    private let socket: StreamSocket
    private let loop: EventLoop
    private let connection: Connection
    private var token: UInt64 = 0
    private var interest: Poller.Interest = .writable
    /// Whether the three-way handshake is over.
    private(set) var isConnected = false

    /// Starts to connect.
    init(
        connectingTo address: SocketAddress,
        on loop: EventLoop,
        connection: Connection
    ) throws(SystemError) {
        self.socket = try StreamSocket.connecting(to: address)
        self.loop = loop
        self.connection = connection
        self.token = try loop.register(
            self.socket.rawValue,
            interest: .writable,
            handler: self
        )
    }

    /// Must be called; it breaks the cycle between the loop, the socket and the connection.
    func close() {
        self.loop.deregister(self.socket.rawValue, token: self.token)
    }

    func descriptorIsReady(_ happened: Poller.Interest) {
        self.connection.assumeIsolated { $0.socketIsReady(happened, on: self) }
    }

    /// After the first event: the error, or nil when the socket is connected.
    func takeConnectOutcome() -> SystemError? {
        if let error = self.socket.pendingError {
            return error
        }
        self.isConnected = true
        do {
            self.interest = .readable
            try self.loop.modify(self.socket.rawValue, token: self.token, interest: .readable)
            return nil
        } catch {
            return error
        }
    }

    /// Whether to be told when there is room to write.
    func setWantsWrite(_ wantsWrite: Bool) throws(SystemError) {
        let interest: Poller.Interest = wantsWrite ? [.readable, .writable] : .readable
        if interest != self.interest {
            self.interest = interest
            try self.loop.modify(self.socket.rawValue, token: self.token, interest: interest)
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int? {
        try unsafe self.socket.read(into: buffer)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int? {
        try unsafe self.socket.write(bytes)
    }
}
