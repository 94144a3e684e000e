// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Where a service is offered, by one SRV record (RFC 2782).
package struct ServiceRecord: Hashable, Sendable {
    /// Lower ones are tried first.
    package var priority: UInt16
    /// The share among those of one priority.
    package var weight: UInt16
    package var port: UInt16
    /// The host's name, without the dot at the end.
    package var target: String
    /// How long the record may be kept.
    package var timeToLive: Duration

    package init(
        priority: UInt16,
        weight: UInt16,
        port: UInt16,
        target: String,
        timeToLive: Duration
    ) {
        self.priority = priority
        self.weight = weight
        self.port = port
        self.target = target
        self.timeToLive = timeToLive
    }
}

extension [ServiceRecord] {
    /// The order in which to try them: by priority, and within one priority by chance, with the weight
    /// as the chance to come first.
    package func ordered(using random: inout some RandomNumberGenerator) -> [ServiceRecord] {
        var left = self.sorted { ($0.priority, $0.weight) < ($1.priority, $1.weight) }
        var result: [ServiceRecord] = []
        while let priority = left.first?.priority {
            let count = left.prefix { $0.priority == priority }.count
            let total = left[..<count].reduce(0) { $0 + Int($1.weight) }
            // Those of weight 0 stand first, and have a small chance.
            var rest = Int.random(in: 0...total, using: &random)
            let place = left[..<count].firstIndex { record in
                rest -= Int(record.weight)
                return rest <= 0
            }
            result.append(left.remove(at: place ?? 0))
        }
        return result
    }
}
