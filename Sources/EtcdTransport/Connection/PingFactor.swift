// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// By how much the pauses between PINGs are longer for an endpoint that found them too short.
///
/// Doubled each time that it says so, and halved with each hour in which it does not: behind the same
/// name may be another server by then.
struct PingFactor {
    private static let longest = 64
    private static let memory: Duration = .seconds(3600)

    private var factor = 1
    private var since: ContinuousClock.Instant

    init(now: ContinuousClock.Instant) {
        self.since = now
    }

    func value(now: ContinuousClock.Instant) -> Int {
        max(1, self.factor >> min(Int((now - self.since) / Self.memory), 8))
    }

    mutating func grow(now: ContinuousClock.Instant) {
        self.factor = min(self.value(now: now) * 2, Self.longest)
        self.since = now
    }
}
