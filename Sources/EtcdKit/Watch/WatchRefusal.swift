// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What the text with which a server ends a watch stands for.
enum WatchRefusal: Equatable {
    /// The stream's token is not valid any more.
    case credentials
    /// The user may not read the keys. Servers also say so when the token is invalid.
    case permission
    case other

    init(reason: String) {
        switch Self.normalised(reason) {
        case "etcdserver: invalid auth token", "auth: invalid auth token",
            "etcdserver: revision of auth store is old", "auth: revision in header is old",
            "etcdserver: user name is empty":
            self = .credentials
        case "etcdserver: permission denied", "auth: permission denied":
            self = .permission
        default:
            self = .other
        }
    }

    /// The text without the `rpc error: code = … desc = ` that most versions put before it.
    static func normalised(_ reason: String) -> String {
        guard reason.hasPrefix("rpc error: code = ") else { return reason }
        let separator = " desc = "
        var rest = reason[...]
        while let space = rest.firstIndex(of: " ") {
            rest = rest[space...]
            if rest.hasPrefix(separator) { return String(rest.dropFirst(separator.count)) }
            rest = rest.dropFirst()
        }
        return reason
    }
}
