// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// Free TCP ports on 127.0.0.1.
package enum LoopbackPort {
    /// A port that nobody listens on at the moment.
    ///
    /// It lies below the range the kernel takes outgoing ports from: a client that redials a port
    /// of that range while its server is down can be connected to itself.
    package static func free() throws -> UInt16 {
        for _ in 0..<200 {
            let port = UInt16.random(in: 10_240..<32_000)
            if let socket = try? self.listen(on: port) {
                Glibc.close(socket)
                return port
            }
        }
        throw POSIXFailure(call: "bind", code: EADDRINUSE)
    }

    /// A socket that listens on the port.
    static func listen(on port: UInt16) throws -> Int32 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw POSIXFailure(call: "socket", code: errno) }
        var on: Int32 = 1
        unsafe setsockopt(
            socket,
            SOL_SOCKET,
            SO_REUSEADDR,
            &on,
            socklen_t(MemoryLayout<Int32>.size)
        )
        guard unsafe self.withAddress(port, { unsafe bind(socket, $0, $1) }) == 0,
            Glibc.listen(socket, 128) == 0
        else {
            let code = errno
            Glibc.close(socket)
            throw POSIXFailure(call: "bind", code: code)
        }
        return socket
    }

    /// A socket for datagrams to the port.
    static func datagrams(on port: UInt16) throws -> Int32 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw POSIXFailure(call: "socket", code: errno) }
        guard unsafe self.withAddress(port, { unsafe bind(socket, $0, $1) }) == 0 else {
            let code = errno
            Glibc.close(socket)
            throw POSIXFailure(call: "bind", code: code)
        }
        return socket
    }

    /// A socket connected to the port; blocks.
    static func connect(to port: UInt16) throws -> Int32 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw POSIXFailure(call: "socket", code: errno) }
        guard unsafe self.withAddress(port, { unsafe Glibc.connect(socket, $0, $1) }) == 0 else {
            let code = errno
            Glibc.close(socket)
            throw POSIXFailure(call: "connect", code: code)
        }
        return socket
    }

    /// The next connection on a listening socket, nil once that was shut down; blocks.
    static func accept(on listener: Int32) -> Int32? {
        let socket = Glibc.accept(listener, nil, nil)
        guard socket >= 0 else { return nil }
        _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
        return socket
    }

    /// The port at the other end of a connection.
    static func remotePort(of socket: Int32) -> UInt16? {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe getpeername(socket, pointer, &length)
            }
        }
        return code == 0 ? UInt16(bigEndian: address.sin_port) : nil
    }

    private static func withAddress(
        _ port: UInt16,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return unsafe withUnsafePointer(to: address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe body(pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

/// A system call that failed.
package struct POSIXFailure: Error, CustomStringConvertible {
    package var call: String
    package var code: Int32

    package var description: String {
        "\(self.call): \(unsafe String(cString: strerror(self.code)))"
    }
}
