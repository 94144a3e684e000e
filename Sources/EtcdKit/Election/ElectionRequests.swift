// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The requests of an election, and what their answers mean.
struct ElectionRequests: Sendable {
    let client: EtcdClient
    let keys: ElectionKeys

    /// A candidate as it stands in the election, and all candidates at that revision.
    struct Entered: Sendable {
        var entry: ElectionEntry
        var listing: [ElectionEntry]
    }

    /// Puts a candidate at the end of the row and lists all, in one transaction.
    ///
    /// Sending it twice makes one candidate: its key is unique.
    func enter(_ key: EtcdBytes, _ value: EtcdBytes, lease: EtcdLeaseID) async throws -> Entered {
        let listing = EtcdOperation.range(.prefix(self.keys.prefix), options: .init(keysOnly: true))
        let response = try await self.client.commit(
            EtcdTransaction(
                when: [.isAbsent(key)],
                then: [.put(key, value, lease: lease), listing],
                otherwise: [.get(key), listing]
            )
        )
        let createRevision =
            response.succeeded
            ? response.header.revision
            : response.results.first?.rangeResponse?.keyValues.first?.createRevision
        guard let createRevision, let listed = response.results.last?.rangeResponse else {
            throw EtcdError(code: .malformedResponse, message: "the answer lacks the candidate")
        }
        return Entered(
            entry: ElectionEntry(key: key, createRevision: createRevision),
            listing: listed.keyValues.map(ElectionEntry.init)
        )
    }

    /// The candidates now.
    func list() async throws -> [ElectionEntry] {
        let response = try await self.client.range(
            .prefix(self.keys.prefix),
            options: .init(keysOnly: true)
        )
        return response.keyValues.map(ElectionEntry.init)
    }

    /// The candidates now, with what they would proclaim.
    func read() async throws -> EtcdRangeResponse {
        try await self.client.range(.prefix(self.keys.prefix))
    }

    /// The candidate that leads.
    func first() async throws -> EtcdKeyValue? {
        try await self.client.range(
            .prefix(self.keys.prefix),
            options: .init(limit: 1, order: .ascending, target: .createRevision)
        ).keyValues.first
    }

    /// The deletions from now on.
    func watchDeletions() async throws -> EtcdWatch {
        try await self.client.watch(
            .prefix(self.keys.prefix),
            options: .init(excludesPuts: true, reportsResumption: true)
        )
    }

    /// Which store the revisions are of that are read now.
    var storeEpoch: Int { self.client.core.identity.storeEpoch }

    /// All changes from a revision on.
    func watch(from revision: EtcdRevision) async throws -> EtcdWatch {
        try await self.client.watch(
            .prefix(self.keys.prefix),
            options: .init(startRevision: revision)
        )
    }

    /// Replaces what a candidate proclaims.
    ///
    /// - Returns: False if the candidate is gone.
    func proclaim(
        _ value: EtcdBytes,
        for entry: ElectionEntry,
        lease: EtcdLeaseID
    ) async throws -> Bool {
        try await self.client.commit(
            EtcdTransaction(
                when: [.createRevision(of: entry.key, .equal, entry.createRevision)],
                then: [.put(entry.key, value, lease: lease)]
            )
        ).succeeded
    }

    /// Deletes a candidate; may be repeated.
    func remove(_ entry: ElectionEntry) async throws -> EtcdResignation {
        let response = try await self.client.commit(
            EtcdTransaction(
                when: [.createRevision(of: entry.key, .equal, entry.createRevision)],
                then: [.delete(entry.key)],
                otherwise: [.get(entry.key)]
            )
        )
        if response.succeeded { return .resigned }
        let found = response.results.first?.rangeResponse?.keyValues.first
        return found == nil ? .alreadyGone : .notMine
    }
}

/// One key of an election.
///
/// A key that is seen again with another create revision is another candidate.
struct ElectionEntry: Hashable, Sendable {
    var key: EtcdBytes
    var createRevision: EtcdRevision

    init(key: EtcdBytes, createRevision: EtcdRevision) {
        self.key = key
        self.createRevision = createRevision
    }

    init(_ keyValue: EtcdKeyValue) {
        self.init(key: keyValue.key, createRevision: keyValue.createRevision)
    }
}

/// The deletion of one key of an election.
struct ElectionDeletion: Hashable, Sendable {
    var key: EtcdBytes
    var revision: EtcdRevision

    /// Whether this ended the candidate.
    func removes(_ entry: ElectionEntry) -> Bool {
        self.key == entry.key && entry.createRevision < self.revision
    }
}
