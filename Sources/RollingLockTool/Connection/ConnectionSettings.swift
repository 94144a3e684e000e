// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Connection settings from one source, or from several laid over each other.
package struct ConnectionSettings: Equatable {
    package var endpoints: [String]?
    package var caFile: String?
    package var certificateFile: String?
    package var keyFile: String?
    package var serverName: String?
    package var user: String?
    package var password: String?
    package var dialTimeout: Duration?
    package var commandTimeout: Duration?

    package init() {}

    /// These settings, completed with another source's.
    ///
    /// Certificate and key go together: a source that has one of them is asked for both, so that
    /// two sources never make a pair that does not match.
    package func completed(with other: ConnectionSettings) -> ConnectionSettings {
        var merged = self
        merged.endpoints = self.endpoints ?? other.endpoints
        merged.caFile = self.caFile ?? other.caFile
        if self.certificateFile == nil && self.keyFile == nil {
            merged.certificateFile = other.certificateFile
            merged.keyFile = other.keyFile
        }
        merged.serverName = self.serverName ?? other.serverName
        merged.user = self.user ?? other.user
        merged.password = self.password ?? other.password
        merged.dialTimeout = self.dialTimeout ?? other.dialTimeout
        merged.commandTimeout = self.commandTimeout ?? other.commandTimeout
        return merged
    }

    /// True when the endpoints without a scheme are to be reached by TLS.
    var usesTLS: Bool {
        self.caFile != nil || self.certificateFile != nil || self.keyFile != nil
            || self.serverName != nil
    }

    /// The parts of a comma-separated list, without blanks.
    static func split(endpoints: String) -> [String] {
        endpoints.split(separator: ",", omittingEmptySubsequences: true)
            .map { $0.trimmed(while: { $0 == " " || $0 == "\t" || $0 == "\n" }) }
            .filter { !$0.isEmpty }
    }
}

extension Substring {
    /// The text without leading and trailing characters of a kind.
    func trimmed(while unwanted: (Character) -> Bool) -> String {
        var rest = self.drop(while: unwanted)
        while let last = rest.last, unwanted(last) { rest.removeLast() }
        return String(rest)
    }
}
