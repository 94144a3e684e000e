// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// One kind of work, done in the same way by every client that takes part.
enum Workload: String, CaseIterable, ExpressibleByArgument, Sendable {
    case range1 = "range-1"
    case range16 = "range-16"
    case range64 = "range-64"
    case put1 = "put-1"
    case put64 = "put-64"
    case lockUncontended = "lock-uncontended"
    case handoff2 = "handoff-2"
    case handoff10 = "handoff-10"
    case handoff100 = "handoff-100"
    case watch1 = "watch-1"

    /// What is done, and by how many at once.
    enum Kind {
        case range(outstanding: Int)
        case put(outstanding: Int)
        case uncontendedLock
        case handoff(waiters: Int)
        case watch
    }

    var kind: Kind {
        switch self {
        case .range1: .range(outstanding: 1)
        case .range16: .range(outstanding: 16)
        case .range64: .range(outstanding: 64)
        case .put1: .put(outstanding: 1)
        case .put64: .put(outstanding: 64)
        case .lockUncontended: .uncontendedLock
        case .handoff2: .handoff(waiters: 2)
        case .handoff10: .handoff(waiters: 10)
        case .handoff100: .handoff(waiters: 100)
        case .watch1: .watch
        }
    }

    /// Operations before the measured phase, for every client the same number.
    var warmUp: Int {
        switch self.kind {
        case .range(let outstanding), .put(let outstanding): max(500, outstanding * 50)
        case .uncontendedLock, .watch: 200
        // Go's needs seconds for 100 handoffs between two.
        case .handoff(let waiters): max(20, waiters)
        }
    }

    /// Who can do it: h2load knows requests and answers only, and sends the same bytes every time.
    var clients: [BenchmarkClient] {
        switch self.kind {
        case .range: [.etcdkit, .goClient, .h2load]
        case .put, .uncontendedLock, .handoff, .watch: [.etcdkit, .goClient]
        }
    }
}

/// Who does the work.
enum BenchmarkClient: String, CaseIterable, ExpressibleByArgument, Sendable {
    case etcdkit
    case goClient = "go-clientv3"
    case h2load
}
