// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The `ETCDCTL_*` variables, as etcdctl reads them.
package enum ConnectionEnvironment {
    /// The settings that the variables make.
    package static func settings(in environment: [String: String]) throws -> ConnectionSettings {
        func value(_ name: String) -> String? {
            // An empty variable counts as unset, as for etcdctl.
            environment["ETCDCTL_" + name].flatMap { $0.isEmpty ? nil : $0 }
        }
        func duration(_ name: String) throws -> Duration? {
            guard let text = value(name) else { return nil }
            guard let duration = DurationText.parse(text) else {
                throw ToolFailure.configuration(
                    "$ETCDCTL_\(name) is no duration: \(text) (write it like 5s or 1m30s)"
                )
            }
            return duration
        }

        var settings = ConnectionSettings()
        settings.endpoints = value("ENDPOINTS").map(ConnectionSettings.split(endpoints:))
        settings.caFile = value("CACERT")
        settings.certificateFile = value("CERT")
        settings.keyFile = value("KEY")
        settings.password = value("PASSWORD")
        if let user = value("USER") {
            // With a separate password the whole value is the name.
            let colon = settings.password == nil ? user.firstIndex(of: ":") : nil
            if let colon {
                settings.user = String(user[..<colon])
                settings.password = String(user[user.index(after: colon)...])
            } else {
                settings.user = user
            }
        }
        settings.dialTimeout = try duration("DIAL_TIMEOUT")
        settings.commandTimeout = try duration("COMMAND_TIMEOUT")
        return settings
    }
}
