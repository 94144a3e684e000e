// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// The JSON file that charmlibs' rollingops writes for etcdctl.
struct ConnectionFile: Decodable {
    var endpoints: [String]?
    var caFile: String?
    var certificateFile: String?
    var keyFile: String?

    private enum CodingKeys: String, CodingKey {
        case endpoints
        case caFile = "cacert_path"
        case certificateFile = "cert_path"
        case keyFile = "key_path"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let text = try? container.decode(String.self, forKey: .endpoints) {
            self.endpoints = ConnectionSettings.split(endpoints: text)
        } else {
            self.endpoints = try container.decodeIfPresent([String].self, forKey: .endpoints)
        }
        self.caFile = try container.decodeIfPresent(String.self, forKey: .caFile)
        self.certificateFile = try container.decodeIfPresent(String.self, forKey: .certificateFile)
        self.keyFile = try container.decodeIfPresent(String.self, forKey: .keyFile)
    }

    /// Reads the settings out of a file.
    static func settings(at path: String) throws -> ConnectionSettings {
        let data = try ReadableFile.contents(of: path, called: "the --config file")
        let file: ConnectionFile
        do {
            file = try JSONDecoder().decode(ConnectionFile.self, from: data)
        } catch DecodingError.typeMismatch(_, let context) {
            let field = context.codingPath.last?.stringValue ?? "the whole file"
            throw ToolFailure.configuration(
                "the --config file \(path) has a wrong type at \(field): endpoints is a text or a "
                    + "list of texts, cacert_path, cert_path and key_path are texts"
            )
        } catch {
            throw ToolFailure.configuration("the --config file \(path) is not valid JSON")
        }
        var settings = ConnectionSettings()
        settings.endpoints = file.endpoints
        settings.caFile = file.caFile
        settings.certificateFile = file.certificateFile
        settings.keyFile = file.keyFile
        return settings
    }
}
