// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Makes what others wrote fit for a terminal: anybody in the cluster can write anything.
enum Printable {
    /// The longest text that is shown, in bytes.
    private static let maximumLength = 1024

    /// The name itself if a terminal can show it, otherwise its percent-encoding.
    static func name(_ name: some Collection<UInt8>) -> String {
        let shown = Array(name.prefix(self.maximumLength))
        if let text = String(validating: shown, as: UTF8.self),
            text.unicodeScalars.allSatisfy(self.isPrintable)
        {
            return text
        }
        return String(decoding: PercentEncoding.encode(shown), as: UTF8.self)
    }

    /// The text with a replacement character for each scalar that a terminal cannot show.
    static func text(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars {
            guard shown.utf8.count < self.maximumLength else { return shown + "…" }
            shown.unicodeScalars.append(self.isPrintable(scalar) ? scalar : "\u{fffd}")
        }
        return shown
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator:
            false
        default:
            true
        }
    }
}
