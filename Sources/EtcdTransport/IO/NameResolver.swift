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
package struct NameResolutionError: Error, Sendable {
    package let reason: String

    package init(reason: String) {
        self.reason = reason
    }
}

/// Resolves names, on a thread of its own: `getaddrinfo` blocks, and a name server that does not
/// answer must not stop the event loop.
///
/// Nothing is kept: each attempt to connect asks anew and follows names whose addresses change.
package struct NameResolver: Sendable {
    /// The addresses of a name as text; nil asks the system.
    package var addresses: (@Sendable (_ host: String) throws(NameResolutionError) -> [String])?
    /// Who answers questions for services, as address and port; nil: whom the system asks.
    package var nameServer: NameServer?
    /// How long records of services count at least, however short their time to live is.
    package var shortestLife: Duration = .seconds(10)

    /// The server of a domain, by its IPv4 address.
    package struct NameServer: Sendable, Hashable {
        package var address: String
        package var port: UInt16

        package init(address: String, port: UInt16) {
            self.address = address
            self.port = port
        }
    }

    /// The system's.
    package static let system = NameResolver()

    package init(
        addresses: (@Sendable (_ host: String) throws(NameResolutionError) -> [String])? = nil,
        nameServer: NameServer? = nil
    ) {
        self.addresses = addresses
        self.nameServer = nameServer
    }

    /// Calls `completion` on the loop.
    ///
    /// Addresses come in the order the system prefers (RFC 6724).
    func resolve(
        _ endpoint: Endpoint,
        on loop: EventLoop,
        completion: @escaping @Sendable (Result<[SocketAddress], NameResolutionError>) -> Void
    ) {
        if let path = endpoint.socketPath {
            completion(.success([Endpoint.socketAddress(path)]))
            return
        }
        let (host, port) = (endpoint.host, endpoint.port)
        // A literal needs no thread.
        if let literal = try? Self.lookUp(host: host, port: port, flags: AI_NUMERICHOST).get() {
            completion(.success(literal))
            return
        }
        let isStarted = BlockingWork.start {
            let result = self.lookUp(host: host, port: port)
            loop.execute { completion(result) }
        }
        if !isStarted {
            completion(.failure(NameResolutionError(reason: "no thread for the resolver")))
        }
    }

    private func lookUp(
        host: String,
        port: UInt16
    ) -> Result<[SocketAddress], NameResolutionError> {
        guard let addresses = self.addresses else {
            return Self.lookUp(host: host, port: port, flags: AI_ADDRCONFIG)
        }
        do throws(NameResolutionError) {
            var result: [SocketAddress] = []
            for address in try addresses(host) {
                result += try Self.lookUp(host: address, port: port, flags: AI_NUMERICHOST).get()
            }
            return .success(result)
        } catch {
            return .failure(error)
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
