// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

// What a server has refused is explained afterwards: transactions that are taken need not pay for it.

extension EtcdTransaction {
    /// The refusal of this transaction, with what in it caused the refusal.
    func explained(_ error: EtcdError) -> EtcdError {
        var copy = error
        switch error.code {
        case .tooManyOperations:
            copy.message +=
                "; this one counts \(self.longestLists): the longest of its lists of "
                + "conditions and operations"
            if self.isNesting {
                copy.message += ", plus the same for the transaction nested in it that counts most"
            }
        case .duplicateKey:
            // Deletions without an upper bound count only where a namespace gave them one, so look
            // for another reason first.
            let overlap =
                self.overlap(includingUnbounded: false) ?? self.overlap(includingUnbounded: true)
            if let overlap { copy.message += "; \(overlap)" }
        default:
            break
        }
        return copy
    }

    // MARK: Numbers

    /// What the server holds against its limit.
    private var longestLists: Int {
        let longest = max(self.conditions.count, self.success.count, self.failure.count)
        let nested = (self.success + self.failure).compactMap(\.nested?.longestLists)
        return longest + (nested.max() ?? 0)
    }

    private var isNesting: Bool {
        (self.success + self.failure).contains { $0.nested != nil }
    }

    // MARK: Keys

    /// Where two operations of one list write the same key.
    private func overlap(includingUnbounded: Bool) -> String? {
        self.success.overlap(in: "success", includingUnbounded: includingUnbounded)
            ?? self.failure.overlap(in: "failure", includingUnbounded: includingUnbounded)
    }
}

extension [EtcdOperation] {
    /// Deletions may overlap; a put may meet neither another put nor a deletion.
    ///
    /// The lists of a nested transaction count as one operation, and exclude each other. A nested
    /// transaction may delete what one before it puts.
    fileprivate func overlap(in list: String, includingUnbounded: Bool) -> String? {
        for (index, operation) in self.enumerated() {
            guard let nested = operation.nested else { continue }
            let inner = "\(list)[\(index)]"
            let found =
                nested.success.overlap(
                    in: "\(inner).success",
                    includingUnbounded: includingUnbounded
                )
                ?? nested.failure.overlap(
                    in: "\(inner).failure",
                    includingUnbounded: includingUnbounded
                )
            if let found { return found }
        }
        let writes = self.map { Writes($0, includingUnbounded: includingUnbounded) }
        for (index, write) in writes.enumerated() {
            for (earlierIndex, earlier) in writes[..<index].enumerated() {
                if !write.puts.isDisjoint(with: earlier.puts) {
                    return "\(list)[\(earlierIndex)] and \(list)[\(index)] put the same key"
                }
                if !(write.isNested && earlier.isNested), write.deletes(from: earlier.puts) {
                    return "\(list)[\(index)] deletes a key that \(list)[\(earlierIndex)] puts"
                }
                if earlier.deletes(from: write.puts) {
                    return "\(list)[\(earlierIndex)] deletes a key that \(list)[\(index)] puts"
                }
            }
        }
        return nil
    }
}

/// What an operation may write.
private struct Writes {
    var puts: Set<EtcdBytes> = []
    var deletions: [EtcdKeyRange] = []
    var isNested = false

    init(_ operation: EtcdOperation, includingUnbounded: Bool) {
        switch operation.kind {
        case .put(let key, _, _, _):
            self.puts.insert(key)
        case .range:
            break
        case .delete(let range, _):
            if includingUnbounded || range.wireEnd != [0] { self.deletions.append(range) }
        case .transaction(let nested):
            self.isNested = true
            for operation in nested.success + nested.failure {
                let inner = Writes(operation, includingUnbounded: includingUnbounded)
                self.puts.formUnion(inner.puts)
                self.deletions += inner.deletions
            }
        }
    }

    func deletes(from keys: Set<EtcdBytes>) -> Bool {
        self.deletions.contains { range in keys.contains { range.contains($0) } }
    }
}

extension EtcdOperation {
    fileprivate var nested: EtcdTransaction? {
        if case .transaction(let nested) = self.kind { nested } else { nil }
    }
}
