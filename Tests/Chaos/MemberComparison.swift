// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport

/// Reads what each member holds by itself, and compares.
///
/// Members that differ are the servers' fault: etcd before 3.5.3 can lose an entry of its log on one
/// member when it is killed.
struct MemberComparison: Sendable {
    /// How the members differ.
    var violations: [Violation] = []
    /// What the first of them holds; nil if none answers.
    var keyValues: [EtcdKeyValue]?

    /// Compares at one revision, for leases end meanwhile.
    init(
        of cluster: EtcdTestSupport.EtcdCluster,
        at revision: Int64,
        _ configuration: EtcdClient.Configuration
    ) async throws {
        var states: [(name: String, records: [EtcdKeyValue])] = []
        for member in cluster.members {
            var configuration = configuration
            configuration.endpoints = [member.endpoint]
            let response = try await withEtcdClient(configuration: configuration) { client in
                let options = EtcdRangeOptions(
                    revision: EtcdRevision(revision),
                    isSerializable: true
                )
                return try await eventually { try await client.range(.all, options: options) }
            }
            guard let response else {
                let text = "\(member.name) does not come to revision \(revision)"
                self.violations.append(.init(.membersDisagree, text))
                continue
            }
            states.append((member.name, response.keyValues))
        }
        guard let first = states.first else { return }
        for other in states.dropFirst() where other.records != first.records {
            let differing = Set(first.records).symmetricDifference(other.records)
            let text =
                "\(first.name) and \(other.name) at \(revision): \(differing.count) keys differ: "
                + differing.prefix(3).map { "\($0.key.text) \(StoreRecord($0))" }
                .joined(separator: "; ")
            self.violations.append(.init(.membersDisagree, text))
        }
        self.keyValues = first.records
    }
}

/// Repeats what may fail while servers recover.
func eventually<R>(_ body: () async throws -> R) async throws -> R? {
    let deadline = ContinuousClock.now + Workload.patience
    while ContinuousClock.now < deadline {
        if let result = try? await body() { return result }
        try await Task.sleep(for: .milliseconds(100))
    }
    return nil
}
