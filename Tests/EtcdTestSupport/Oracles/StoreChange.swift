// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A key as the store had it.
package struct StoreRecord: Sendable, Hashable {
    package var value: String
    package var createRevision: Int64
    package var modRevision: Int64
    package var version: Int64

    package init(_ value: String, created: Int64, modified: Int64, version: Int64) {
        self.value = value
        self.createRevision = created
        self.modRevision = modified
        self.version = version
    }
}

/// One change of one key.
package struct StoreChange: Sendable, Hashable {
    package var revision: Int64
    package var key: String
    /// What was put; nil for a deletion.
    package var record: StoreRecord?

    package init(_ revision: Int64, _ key: String, _ record: StoreRecord?) {
        self.revision = revision
        self.key = key
        self.record = record
    }

    /// The key is put for the first time.
    package static func create(_ revision: Int64, _ key: String, _ value: String) -> StoreChange {
        .init(revision, key, .init(value, created: revision, modified: revision, version: 1))
    }

    /// The key is put again.
    package static func put(
        _ revision: Int64,
        _ key: String,
        _ value: String,
        created: Int64,
        version: Int64
    ) -> StoreChange {
        .init(revision, key, .init(value, created: created, modified: revision, version: version))
    }

    package static func delete(_ revision: Int64, _ key: String) -> StoreChange {
        .init(revision, key, nil)
    }
}

/// A change as a watch reported it.
package struct WatchedChange: Sendable, Hashable {
    package var change: StoreChange
    package var previous: StoreRecord?

    package init(_ change: StoreChange, previous: StoreRecord? = nil) {
        self.change = change
        self.previous = previous
    }
}

extension StoreRecord: CustomStringConvertible {
    package var description: String {
        "'\(self.value)' created \(self.createRevision) modified \(self.modRevision) "
            + "version \(self.version)"
    }
}

extension StoreChange: CustomStringConvertible {
    package var description: String {
        guard let record = self.record else { return "\(self.revision) delete \(self.key)" }
        return "\(self.revision) put \(self.key) \(record)"
    }
}

extension StoreRecord? {
    /// For evidence.
    var text: String { self.map(\.description) ?? "nothing" }
}
