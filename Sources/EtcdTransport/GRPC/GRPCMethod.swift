// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// One method of a service.
///
/// A class, so that a connection recognises the method by identity and prepares its headers once:
/// keep each in a `static let`.
package final class GRPCMethod: Sendable, CustomStringConvertible {
    /// The HTTP/2 `:path`, `/<package>.<Service>/<Method>`.
    package let path: String
    /// The service with its package, such as `etcdserverpb.KV`.
    package let service: String
    /// The method's own name.
    package let name: String

    package init(service: String, method: String) {
        self.path = "/\(service)/\(method)"
        self.service = service
        self.name = method
    }

    package var description: String { self.path }
}

/// Request headers beyond those every call has, such as a token.
///
/// A class, so that a connection recognises the set by identity and prepares it once: make one and
/// keep it for as long as its values hold.
package final class GRPCMetadata: Sendable {
    /// Lower-case names and their values, in the order they are sent.
    package let entries: [(name: String, value: String)]

    /// Whether it is not used again, so that preparing it for later is in vain.
    let isForOneCall: Bool

    package init(_ entries: [(name: String, value: String)], isForOneCall: Bool = false) {
        self.entries = entries
        self.isForOneCall = isForOneCall
    }

    package static let none = GRPCMetadata([])

    /// Whether this can be sent as a header beside those that every call has.
    package static func isCustom(_ name: String, _ value: String) -> Bool {
        let isName =
            !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
        let isReserved = ["te", "content-type", "user-agent"].contains(name)
        return isName && !isReserved && !name.hasPrefix("grpc-")
            && value.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }
}
