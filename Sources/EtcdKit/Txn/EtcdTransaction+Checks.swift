// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdTransaction {
    /// How deep transactions may be nested, so that neither encoding one nor the server's check of
    /// it runs out of stack.
    private static let maximumDepth = 32

    func check(depth: Int = 1) throws(EtcdError) {
        guard depth <= Self.maximumDepth else {
            throw EtcdError(
                code: .invalidArgument,
                message: "transactions are nested more than \(Self.maximumDepth) deep"
            )
        }
        for condition in self.conditions { try condition.range.checkForRequest() }
        for operation in self.success { try operation.check(depth: depth) }
        for operation in self.failure { try operation.check(depth: depth) }
    }

    /// Whether no branch writes anything; then executing it twice does no harm.
    var isReadOnly: Bool {
        self.success.allSatisfy(\.isReadOnly) && self.failure.allSatisfy(\.isReadOnly)
    }
}

extension EtcdOperation {
    fileprivate func check(depth: Int) throws(EtcdError) {
        switch self.kind {
        case .put(let key, let value, let lease, let options):
            try EtcdKeyRange.key(key).checkForRequest()
            try options.check(value: value, lease: lease)
        case .range(let range, let options):
            try range.checkForRequest()
            try options.check()
        case .delete(let range, _):
            try range.checkForRequest()
        case .transaction(let inner):
            try inner.check(depth: depth + 1)
        }
    }

    fileprivate var isReadOnly: Bool {
        switch self.kind {
        case .range: true
        case .put, .delete: false
        case .transaction(let inner): inner.isReadOnly
        }
    }
}
