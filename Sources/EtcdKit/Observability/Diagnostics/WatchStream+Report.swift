// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

extension WatchStream {
    func report() async -> ClientPartReport {
        let stream = self.stream.map {
            EtcdDiagnostics.Stream(
                url: $0.endpoint.description,
                age: ContinuousClock.now - self.openedAt
            )
        }
        return .watches(
            EtcdDiagnostics.Watches(
                count: self.mailboxes.count,
                suspendedCount: self.suspended.count,
                streams: stream.map { [$0] } ?? []
            )
        )
    }
}
