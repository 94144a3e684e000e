// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc

/// A listening socket on 127.0.0.1 that answers one HTTP request at a time.
struct LoopbackListener {
    let descriptor: Int32

    init(port: UInt16) throws {
        self.descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var one: Int32 = 1
        unsafe setsockopt(self.descriptor, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        guard
            unsafe LoopbackAddress(port: port).with({ unsafe bind(self.descriptor, $0, $1) }) == 0,
            listen(self.descriptor, 64) == 0
        else { throw ValidationError("port \(port) is taken") }
    }

    func answerOne(with body: String) {
        let connection = accept(self.descriptor, nil, nil)
        guard connection >= 0 else { return }
        defer { Glibc.close(connection) }
        // Nobody may block the service by saying nothing.
        var limit = timeval(tv_sec: 0, tv_usec: 200_000)
        unsafe setsockopt(
            connection,
            SOL_SOCKET,
            SO_RCVTIMEO,
            &limit,
            socklen_t(MemoryLayout<timeval>.size)
        )
        var request = [UInt8](repeating: 0, count: 1024)
        guard unsafe recv(connection, &request, request.count, 0) > 0 else { return }
        let answer = Array(
            ("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
                + body).utf8
        )
        _ = unsafe Glibc.send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
    }

    func close() { Glibc.close(self.descriptor) }
}

/// The address of a port on 127.0.0.1.
struct LoopbackAddress {
    let port: UInt16

    func with<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = self.port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { rebound in
                unsafe body(rebound, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
