// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// One method of a service.
///
/// A class, so that a connection recognises the method by identity and prepares its headers once:
/// keep each in a `static let`.
package final class GRPCMethod: Sendable, CustomStringConvertible {
    /// The HTTP/2 `:path`, `/<package>.<Service>/<Method>`.
    package let path: String

    package init(service: String, method: String) {
        self.path = "/\(service)/\(method)"
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

    package init(_ entries: [(name: String, value: String)]) {
        self.entries = entries
    }

    package static let none = GRPCMetadata([])
}
