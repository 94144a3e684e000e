// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What must be true of a key for a write to it to happen.
///
/// ```swift
/// let found = try await client.get("counter")
/// let outcome = try await client.put("counter", "2", if: .unchanged(found))
/// ```
public struct EtcdPrecondition: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case absent
        /// The revision of the key's last change, and what it was then if that is known.
        case present(EtcdRevision, EtcdKeyValue?)
    }

    let kind: Kind

    /// There is no such key.
    public static let absent = EtcdPrecondition(kind: .absent)

    /// Nobody has changed or deleted the key since it was read.
    ///
    /// - Parameter keyValue: the key as it was read; nil when there was none, which is the same as
    ///   ``absent``.
    /// - Returns: the precondition.
    public static func unchanged(_ keyValue: EtcdKeyValue?) -> EtcdPrecondition {
        guard let keyValue else { return .absent }
        return EtcdPrecondition(kind: .present(keyValue.modRevision, keyValue))
    }

    /// The key's last change is that of a revision.
    ///
    /// - Parameter revision: the key's ``EtcdKeyValue/modRevision``, or the revision of the write
    ///   that is to be the last; at least 1.
    /// - Returns: the precondition.
    public static func lastChanged(at revision: EtcdRevision) -> EtcdPrecondition {
        EtcdPrecondition(kind: .present(revision, nil))
    }
}

extension EtcdPrecondition {
    func check(for key: EtcdBytes) throws(EtcdError) {
        guard case .present(let revision, let known) = self.kind else { return }
        try revision.checkForRequest(as: "the revision of the last change")
        if let known, known.key != key {
            throw EtcdError(
                code: .invalidArgument,
                message: "the key written is not the one that must be unchanged"
            )
        }
    }

    func condition(on key: EtcdBytes) -> EtcdCompare {
        switch self.kind {
        case .absent: .isAbsent(key)
        case .present(let revision, _): .modRevision(of: key, .equal, revision)
        }
    }

    /// Whether the write, once done, makes the precondition false for ever.
    ///
    /// A key never gets back the revision of an old change. It can be absent again.
    var isUsedUpByWrite: Bool {
        switch self.kind {
        case .absent: false
        case .present: true
        }
    }

    /// Whether what is there now proves that a put under this precondition has not been done.
    ///
    /// Only the write that came next after what was read can be the one in question.
    func excludes(
        putOf value: EtcdBytes,
        lease: EtcdLeaseID?,
        options: EtcdPutOptions,
        before current: EtcdKeyValue?
    ) -> Bool {
        guard case .present(_, let known?) = self.kind, let current,
            current.createRevision == known.createRevision,
            current.version == known.version + 1
        else { return false }
        let lease = options.keepLease ? known.lease : lease
        // What was read may lack the value that was kept.
        let hasOtherValue = !options.keepValue && current.value != value
        return hasOtherValue || current.lease != lease
    }

    /// Whether what is there now proves that a deletion under this precondition has not been done.
    func excludesDeletion(before current: EtcdKeyValue?) -> Bool {
        guard case .present(let revision, _) = self.kind, let current else { return false }
        return current.createRevision <= revision
    }
}
