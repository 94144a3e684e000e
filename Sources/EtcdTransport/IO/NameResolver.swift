// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitLinux
import Glibc

/// A socket address of either family, as `connect` takes it.
struct SocketAddress: Hashable, Sendable {
    var family: Int32
    /// A `sockaddr_in` or `sockaddr_in6`.
    var bytes: [UInt8]
}

/// Why a name has no address.
struct NameResolutionError: Error {
    let reason: String
}

/// Resolves names by the system's resolver, on a thread of its own: `getaddrinfo` blocks, and a
/// name server that does not answer must not stop the event loop.
enum NameResolver {
    /// Calls `completion` on the loop.
    ///
    /// Addresses come in the order the system prefers (RFC 6724).
    static func resolve(
        host: String,
        port: UInt16,
        on loop: EventLoop,
        completion: @escaping @Sendable (Result<[SocketAddress], NameResolutionError>) -> Void
    ) {
        // A literal needs no thread.
        if let literal = try? self.lookUp(host: host, port: port, flags: AI_NUMERICHOST).get() {
            completion(.success(literal))
            return
        }
        let isStarted = BlockingWork.start {
            let result = self.lookUp(host: host, port: port, flags: AI_ADDRCONFIG)
            loop.execute { completion(result) }
        }
        if !isStarted {
            completion(.failure(NameResolutionError(reason: "no thread for the resolver")))
        }
    }

    private static func lookUp(
        host: String,
        port: UInt16,
        flags: Int32
    ) -> Result<[SocketAddress], NameResolutionError> {
        var hints = unsafe addrinfo()
        unsafe hints.ai_flags = flags | AI_NUMERICSERV
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        var code = unsafe getaddrinfo(host, String(port), &hints, &list)
        if code != 0, flags & AI_ADDRCONFIG != 0 {
            // A machine with nothing but loopback has no "configured" family at all.
            unsafe hints.ai_flags = AI_NUMERICSERV
            code = unsafe getaddrinfo(host, String(port), &hints, &list)
        }
        guard code == 0 else {
            return .failure(NameResolutionError(reason: unsafe String(cString: gai_strerror(code))))
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            if let address = unsafe entry.pointee.ai_addr {
                let bytes = unsafe UnsafeRawBufferPointer(
                    start: address,
                    count: Int(entry.pointee.ai_addrlen)
                )
                addresses.append(
                    unsafe SocketAddress(family: entry.pointee.ai_family, bytes: Array(bytes))
                )
            }
            unsafe next = entry.pointee.ai_next
        }
        return .success(addresses)
    }
}
