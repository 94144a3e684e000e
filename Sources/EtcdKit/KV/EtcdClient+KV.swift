// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

extension EtcdClient {
    /// Writes a key.
    ///
    /// - Parameters:
    ///   - key: the key; not empty.
    ///   - value: the value; it may be empty. Key and value together must fit the server's limit
    ///     for requests, 1.5 MiB by default.
    ///   - lease: the lease to bind the key to; the key disappears with it. Default: nil, which
    ///     also unbinds a key that was bound.
    ///   - options: what else to do.
    /// - Returns: the revision of the write and, if asked for, what was there before.
    /// - Throws: ``EtcdError``; its code is ``EtcdError/Code/ambiguous`` when the write may or may
    ///   not have happened, ``EtcdError/Code/leaseNotFound`` when there is no such lease.
    ///   `CancellationError` when the task was cancelled.
    @discardableResult
    public func put(
        _ key: some EtcdBytesConvertible,
        _ value: some EtcdBytesConvertible,
        lease: EtcdLeaseID? = nil,
        options: EtcdPutOptions = .init()
    ) async throws -> EtcdPutResponse {
        let key = key.etcdBytes
        let value = value.etcdBytes
        try EtcdKeyRange.key(key).checkForRequest()
        try options.check(value: value, lease: lease)
        let response = try await self.perform(
            KVRPC.put,
            PutRequest(key, value, lease, options)
        )
        return EtcdPutResponse(response)
    }

    /// Reads one key.
    ///
    /// - Parameters:
    ///   - key: the key; not empty.
    ///   - revision: the revision to read at. Default: nil, the newest.
    ///   - isSerializable: whether the member asked may answer from what it has, perhaps out of
    ///     date. Default: false.
    /// - Returns: the key with its value, or nil when there is no such key.
    /// - Throws: ``EtcdError``, or `CancellationError` when the task was cancelled.
    public func get(
        _ key: some EtcdBytesConvertible,
        revision: EtcdRevision? = nil,
        isSerializable: Bool = false
    ) async throws -> EtcdKeyValue? {
        let options = EtcdRangeOptions(revision: revision, isSerializable: isSerializable)
        return try await self.range(.key(key), options: options).keyValues.first
    }

    /// Reads a range of keys.
    ///
    /// - Parameters:
    ///   - range: which keys.
    ///   - options: how many, at which revision, sorted how.
    /// - Returns: the keys found.
    /// - Throws: ``EtcdError``, or `CancellationError` when the task was cancelled.
    public func range(
        _ range: EtcdKeyRange,
        options: EtcdRangeOptions = .init()
    ) async throws -> EtcdRangeResponse {
        try range.checkForRequest()
        try options.check()
        let request = RangeRequest(range, options)
        let response =
            if options.isSerializable {
                try await self.readSerializably(request)
            } else {
                try await self.perform(KVRPC.range, request)
            }
        return EtcdRangeResponse(response)
    }

    /// Deletes one key.
    ///
    /// - Parameters:
    ///   - key: the key; not empty. That it does not exist is no error.
    ///   - options: what else to do.
    /// - Returns: how many keys were deleted, 0 or 1.
    /// - Throws: ``EtcdError``; its code is ``EtcdError/Code/ambiguous`` when the deletion may or
    ///   may not have happened. `CancellationError` when the task was cancelled.
    @discardableResult
    public func delete(
        _ key: some EtcdBytesConvertible,
        options: EtcdDeleteOptions = .init()
    ) async throws -> EtcdDeleteResponse {
        try await self.delete(.key(key), options: options)
    }

    /// Deletes a range of keys.
    ///
    /// - Parameters:
    ///   - range: which keys.
    ///   - options: what else to do.
    /// - Returns: how many keys were deleted.
    /// - Throws: ``EtcdError``; its code is ``EtcdError/Code/ambiguous`` when the deletion may or
    ///   may not have happened. `CancellationError` when the task was cancelled.
    @discardableResult
    public func delete(
        _ range: EtcdKeyRange,
        options: EtcdDeleteOptions = .init()
    ) async throws -> EtcdDeleteResponse {
        try range.checkForRequest()
        let response = try await self.perform(
            KVRPC.deleteRange,
            DeleteRangeRequest(range, options)
        )
        return EtcdDeleteResponse(response)
    }

    /// Forgets all history before a revision.
    ///
    /// Older revisions can then neither be read nor watched. The newest value of each key stays.
    ///
    /// - Parameters:
    ///   - revision: the oldest revision to keep; at least 1.
    ///   - physical: whether to wait until the space is really free. Default: false.
    /// - Throws: ``EtcdError``, with ``EtcdError/Code/compacted`` when that was done already and
    ///   ``EtcdError/Code/futureRevision`` when the revision is not there yet. When the answer is
    ///   lost the code is ``EtcdError/Code/ambiguous``; compacting again does no harm.
    ///   `CancellationError` when the task was cancelled.
    public func compact(at revision: EtcdRevision, physical: Bool = false) async throws {
        try revision.checkForRequest(as: "revision")
        _ = try await self.core.perform(
            KVRPC.compact,
            CompactionRequest(revision: revision.rawValue, physical: physical),
            timeout: self.requestTimeout
        )
    }
}
