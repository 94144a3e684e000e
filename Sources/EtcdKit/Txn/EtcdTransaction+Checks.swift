// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdTransaction {
    /// How deep transactions may be nested, so that neither encoding one nor the server's check of
    /// it runs out of stack.
    private static let maximumDepth = 32

    /// Refuses what no server can take, or could not survive.
    func check() throws(EtcdError) {
        var deletions: [EtcdKeyRange] = []
        try self.check(depth: 1, after: &deletions)
    }

    /// - Parameters:
    ///   - depth: How deep it is nested, from 1.
    ///   - deletions: What may have been deleted before without an upper bound; this transaction's
    ///     deletions of that kind are added.
    /// - Throws: ``EtcdError`` with ``EtcdError/Code/invalidArgument``, which names what is wrong.
    fileprivate func check(depth: Int, after deletions: inout [EtcdKeyRange]) throws(EtcdError) {
        guard depth <= Self.maximumDepth else {
            throw EtcdError(
                code: .invalidArgument,
                message: "transactions are nested more than \(Self.maximumDepth) deep"
            )
        }
        for condition in self.conditions { try condition.check() }
        var success = deletions
        for operation in self.success { try operation.check(depth: depth, after: &success) }
        // Only one of the lists is run.
        var failure = deletions
        for operation in self.failure { try operation.check(depth: depth, after: &failure) }
        deletions = success + failure.dropFirst(deletions.count)
    }

    /// Whether no branch writes anything; then executing it twice does no harm.
    var isReadOnly: Bool {
        self.success.allSatisfy(\.isReadOnly) && self.failure.allSatisfy(\.isReadOnly)
    }
}

extension EtcdTransaction {
    var hasConditionsOnly: Bool {
        self.success.isEmpty && self.failure.isEmpty && !self.conditions.isEmpty
    }

    /// Whether a member may answer on its own: each operation is a read that allows it.
    var isSerializable: Bool {
        guard !self.hasConditionsOnly else { return false }
        return self.success.allSatisfy(\.isSerializable)
            && self.failure.allSatisfy(\.isSerializable)
    }

    /// The same transaction in a form that no member answers from what it alone knows.
    ///
    /// etcd asks the other members if a single read demands it. Conditions by themselves demand
    /// nothing, and a member that lags behind would judge them by old revisions.
    var linearized: EtcdTransaction {
        guard self.hasConditionsOnly else { return self }
        var copy = self
        copy.success = [.range(self.conditions[0].range, options: .init(countOnly: true))]
        return copy
    }
}

extension EtcdCompare {
    fileprivate func check() throws(EtcdError) {
        try self.range.checkForRequest()
        let number: Int64? =
            switch self.operand {
            case .version(let version): version
            case .createRevision(let revision), .modRevision(let revision): revision.rawValue
            case .value, .lease: nil
            }
        // 0 stands for a key that does not exist.
        if let number, number < 0 {
            throw EtcdError(
                code: .invalidArgument,
                message: "a version or revision to compare with is negative"
            )
        }
    }
}

extension EtcdOperation {
    fileprivate func check(
        depth: Int,
        after deletions: inout [EtcdKeyRange]
    ) throws(EtcdError) {
        switch self.kind {
        case .put(let key, let value, let lease, let options):
            try EtcdKeyRange.key(key).checkForRequest()
            try options.check(value: value, lease: lease)
            // etcd looks whether the key exists before it runs the transaction, and overlooks such
            // deletions. A member that then finds it gone ends, and ends again at each start.
            if options.keepValue || options.keepLease,
                deletions.contains(where: { $0.contains(key) })
            {
                throw EtcdError(
                    code: .invalidArgument,
                    message:
                        "a put that keeps the value or the lease of its key follows a deletion without "
                        + "an upper bound that takes the key; etcd would not survive it"
                )
            }
        case .range(let range, let options):
            try range.checkForRequest()
            try options.check()
        case .delete(let range, _):
            try range.checkForRequest()
            if range.wireEnd == [0] { deletions.append(range) }
        case .transaction(let inner):
            try inner.check(depth: depth + 1, after: &deletions)
        }
    }

    fileprivate var isSerializable: Bool {
        if case .range(_, let options) = self.kind { options.isSerializable } else { false }
    }

    fileprivate var isReadOnly: Bool {
        switch self.kind {
        case .range: true
        case .put, .delete: false
        case .transaction(let inner): inner.isReadOnly
        }
    }
}
