// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Asks a unit's service whether it is healthy.
enum HealthProbe {
    /// The answer of a healthy service: the process ID it states.
    ///
    /// Nil when it is down, or does not answer within a second.
    static func ask(port: UInt16) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 1, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        // Closed by reset: hundreds of probes a second must not pile up in TIME_WAIT.
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(
            descriptor,
            SOL_SOCKET,
            SO_LINGER,
            &linger,
            socklen_t(MemoryLayout<Glibc.linger>.size)
        )
        guard unsafe LoopbackAddress(port: port).with({ unsafe connect(descriptor, $0, $1) }) == 0
        else {
            return nil
        }
        let request = Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
        guard
            unsafe send(descriptor, request, request.count, Int32(MSG_NOSIGNAL))
                == request.count
        else { return nil }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 512)
        while answer.count < 4096 {
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            answer += buffer.prefix(count)
        }
        let text = String(decoding: answer, as: UTF8.self)
        guard text.hasPrefix("HTTP/1.1 200 "),
            let last = text.split(whereSeparator: \.isWhitespace).last
        else { return nil }
        return Int32(last)
    }
}
