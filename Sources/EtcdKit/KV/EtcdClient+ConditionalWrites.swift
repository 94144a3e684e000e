// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdClient {
    /// Writes a key if a precondition is true, in one step.
    ///
    /// ```swift
    /// var found = try await client.get("counter")
    /// while true {
    ///     let next = String((found?.value.string.flatMap { Int($0) } ?? 0) + 1)
    ///     switch try await client.put("counter", next, if: .unchanged(found)) {
    ///     case .done: return
    ///     case .conflict(let current, _): found = current
    ///     }
    /// }
    /// ```
    ///
    /// When an answer is lost, a write that needs the key to be unchanged is tried once more within
    /// the request timeout: it cannot be done twice, for the first time makes its precondition
    /// false. Only if that does not tell either whether the key's change was this write does the
    /// call end with ``EtcdError/Code/ambiguous``. It can be made again then: a conflict whose value
    /// is the one written means that this write was done, if no other client writes the same value.
    ///
    /// A write that needs the key to be ``EtcdPrecondition/absent`` is not tried again, and to make
    /// the call again is not without danger: if the key was written and then deleted by another
    /// client, it would come back.
    ///
    /// - Parameters:
    ///   - key: the key; not empty.
    ///   - value: the value; it may be empty.
    ///   - precondition: what must be true of the key.
    ///   - lease: the lease to bind the key to. Default: nil, which also unbinds a key that was
    ///     bound.
    ///   - options: what else to do.
    /// - Returns: whether the key was written, or how it is instead.
    /// - Throws: ``EtcdError``; its code is ``EtcdError/Code/ambiguous`` when the write may or may
    ///   not have happened. `CancellationError` when the task was cancelled.
    public func put(
        _ key: some EtcdBytesConvertible,
        _ value: some EtcdBytesConvertible,
        if precondition: EtcdPrecondition,
        lease: EtcdLeaseID? = nil,
        options: EtcdPutOptions = .init()
    ) async throws -> EtcdConditionalWrite<EtcdPutResponse> {
        let key = key.etcdBytes
        let value = value.etcdBytes
        try precondition.check(for: key)
        if precondition == .absent && (options.keepValue || options.keepLease) {
            throw EtcdError(
                code: .invalidArgument,
                message: "a key that must be absent has no value or lease to keep"
            )
        }
        return try await self.write(
            .put(key, value, lease: lease, options: options),
            to: key,
            if: precondition,
            response: \.putResponse
        ) { current in
            precondition.excludes(putOf: value, lease: lease, options: options, before: current)
        }
    }

    /// Deletes a key if a precondition is true, in one step.
    ///
    /// When an answer is lost, the deletion is tried once more within the request timeout: it
    /// cannot be done twice, for the first time makes its precondition false. If the key is gone
    /// then, nobody can tell who deleted it, and the call ends with ``EtcdError/Code/ambiguous``.
    ///
    /// - Parameters:
    ///   - key: the key; not empty.
    ///   - precondition: what must be true of the key; not ``EtcdPrecondition/absent``.
    ///   - options: what else to do.
    /// - Returns: whether the key was deleted, or how it is instead.
    /// - Throws: ``EtcdError``; its code is ``EtcdError/Code/ambiguous`` when the deletion may or
    ///   may not have happened. `CancellationError` when the task was cancelled.
    public func delete(
        _ key: some EtcdBytesConvertible,
        if precondition: EtcdPrecondition,
        options: EtcdDeleteOptions = .init()
    ) async throws -> EtcdConditionalWrite<EtcdDeleteResponse> {
        let key = key.etcdBytes
        try precondition.check(for: key)
        guard precondition != .absent else {
            throw EtcdError(
                code: .invalidArgument,
                message: "a key that must be absent cannot be deleted"
            )
        }
        return try await self.write(
            .delete(key, options: options),
            to: key,
            if: precondition,
            response: \.deleteResponse
        ) { current in
            precondition.excludesDeletion(before: current)
        }
    }

    /// Writes under a precondition, and settles what became of it when an answer is lost.
    ///
    /// `isExcluded` tells whether the key as it is proves that the write has not been done.
    private func write<Response>(
        _ operation: EtcdOperation,
        to key: EtcdBytes,
        if precondition: EtcdPrecondition,
        response: (EtcdOperationResult) -> Response?,
        isExcluded: (EtcdKeyValue?) -> Bool
    ) async throws -> EtcdConditionalWrite<Response> {
        let transaction = EtcdTransaction(
            when: [precondition.condition(on: key)],
            then: [operation],
            otherwise: [.get(key)]
        )
        let start = ContinuousClock.now
        do {
            let answer = try await self.commit(transaction)
            return try EtcdConditionalWrite(answer, response)
        } catch let error as EtcdError
            where error.code == .ambiguous && precondition.isUsedUpByWrite
        {
            let timeLeft = self.requestTimeout - (.now - start)
            guard timeLeft > .zero else { throw error }
            let outcome: EtcdConditionalWrite<Response>
            do {
                let answer = try await self.withRequestTimeout(timeLeft).commit(transaction)
                outcome = try EtcdConditionalWrite(answer, response)
            } catch is EtcdError {
                // Says nothing of the first try.
                throw error
            }
            if case .conflict(let current, _) = outcome, !isExcluded(current) { throw error }
            return outcome
        }
    }
}

extension EtcdConditionalWrite {
    fileprivate init(
        _ answer: EtcdTransactionResponse,
        _ response: (EtcdOperationResult) -> Response?
    ) throws(EtcdError) {
        let result = answer.results.first
        if answer.succeeded, let response = result.flatMap(response) {
            self = .done(response)
        } else if !answer.succeeded, let range = result?.rangeResponse {
            self = .conflict(current: range.keyValues.first, header: answer.header)
        } else {
            throw EtcdError(
                code: .malformedResponse,
                message: "the answer to a conditional write is of another kind"
            )
        }
    }
}
