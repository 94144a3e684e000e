// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension LockEvent.Kind {
    /// Reads what a contender says; nil if contenders do not say that.
    ///
    /// A use of the resource is not accepted yet.
    package init?(line: String) {
        let words = line.split(separator: " ").map(String.init)
        guard let name = words.first else { return nil }
        let numbers = words.dropFirst().map { Int64($0) }
        func number(_ index: Int) -> Int64? { index < numbers.count ? numbers[index] : nil }
        switch (name, words.count) {
        case ("wants", 2):
            guard let attempt = number(0) else { return nil }
            self = .wants(attempt: Int(attempt))
        case ("stopped-waiting", 3):
            guard let attempt = number(0), let end = LockEvent.WaitEnd(rawValue: words[2]) else {
                return nil
            }
            self = .stoppedWaiting(attempt: Int(attempt), end)
        case ("entered", 4):
            guard let attempt = number(0), let token = number(1), let lease = number(2) else {
                return nil
            }
            self = .entered(attempt: Int(attempt), token: token, lease: lease)
        case ("believes", 3):
            guard let token = number(0), let since = number(1) else { return nil }
            self = .believes(token: token, since: Int(since))
        case ("used", 2):
            guard let token = number(0) else { return nil }
            self = .used(token: token, isAccepted: false)
        case ("leaves", 2):
            guard let token = number(0) else { return nil }
            self = .leaves(token: token)
        case ("released", 3):
            guard let token = number(0), let end = LockEvent.ReleaseEnd(rawValue: words[2]) else {
                return nil
            }
            self = .released(token: token, end)
        case ("lost", 2):
            guard let token = number(0) else { return nil }
            self = .lost(token: token)
        case ("drained", 1): self = .drained
        case ("bye", 1): self = .bye
        default: return nil
        }
    }

    /// What a contender says; nil for what only others can say of it.
    package var line: String? {
        switch self {
        case .wants(let attempt): "wants \(attempt)"
        case .stoppedWaiting(let attempt, let end): "stopped-waiting \(attempt) \(end.rawValue)"
        case .entered(let attempt, let token, let lease): "entered \(attempt) \(token) \(lease)"
        case .believes(let token, let since): "believes \(token) \(since)"
        case .used(let token, _): "used \(token)"
        case .leaves(let token): "leaves \(token)"
        case .released(let token, let end): "released \(token) \(end.rawValue)"
        case .lost(let token): "lost \(token)"
        case .drained: "drained"
        case .bye: "bye"
        case .began, .ended, .killing, .stopping, .continuing, .revoking, .deleting,
            .leaderContinues:
            nil
        }
    }
}
