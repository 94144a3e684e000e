// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What the text with which a server ends a watch stands for.
enum WatchRefusal: Equatable {
    /// The stream's token is not valid any more.
    case credentials
    /// The user may not read the keys. Servers before 3.5 also say so when the token is invalid.
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

    /// The text without the prefix that some versions put before it.
    static func normalised(_ reason: String) -> String {
        guard reason.hasPrefix("rpc error: code = ") else { return reason }
        var words = reason[...]
        while let first = words.first {
            if words.hasPrefix(" desc = ") {
                return String(words.dropFirst(" desc = ".count))
            }
            _ = first
            words = words.dropFirst()
        }
        return reason
    }
}
