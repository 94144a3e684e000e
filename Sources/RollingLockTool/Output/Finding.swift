// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What one check has found.
struct Finding: Encodable, Equatable {
    enum Verdict: String, Encodable {
        /// All is well.
        case ok
        /// It works, and somebody should see to it.
        case warning
        /// It does not work.
        case failed
        /// It could not be found out.
        case unknown
    }

    var check: String
    var verdict: Verdict
    var text: String
    /// The status that this finding alone would end the tool with.
    var status: Int32

    static func ok(_ check: String, _ text: String) -> Finding {
        .init(check: check, verdict: .ok, text: text, status: 0)
    }

    static func warning(_ check: String, _ text: String) -> Finding {
        .init(check: check, verdict: .warning, text: text, status: 0)
    }

    static func unknown(_ check: String, _ text: String) -> Finding {
        .init(check: check, verdict: .unknown, text: text, status: 0)
    }

    static func failed(
        _ check: String,
        _ text: String,
        status: Int32 = ExitStatus.configuration
    ) -> Finding {
        .init(check: check, verdict: .failed, text: text, status: status)
    }

    /// The finding in one line for people.
    var line: String {
        let verdict = self.verdict.rawValue
        return verdict + String(repeating: " ", count: 9 - verdict.count)
            + "\(self.check): \(self.text)"
    }
}

extension [Finding] {
    /// The status of the first one that failed; nil if none did.
    var exitStatus: Int32? { self.first { $0.verdict == .failed }?.status }
}
