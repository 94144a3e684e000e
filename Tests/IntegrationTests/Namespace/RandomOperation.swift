// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport

/// An operation on keys whose names are still to be given.
indirect enum RandomOperation: Sendable {
    case put([UInt8], [UInt8], EtcdLeaseID?, EtcdPutOptions)
    case range(KeyNaming.Names, EtcdRangeOptions)
    case delete(KeyNaming.Names, EtcdDeleteOptions)
    case transaction([Condition], [RandomOperation], [RandomOperation])

    enum Condition: Sendable {
        case absent(KeyNaming.Names)
        case value(KeyNaming.Names, [UInt8])
        case version(KeyNaming.Names, Int64)
    }

    /// Few bytes, the smallest and the largest among them, so that names meet again.
    private static let alphabet: [UInt8] = [0x00, 0x01, 0x61, 0x62, 0xff]

    static func name(_ random: inout SeededGenerator, minimum: Int = 1) -> [UInt8] {
        (0..<Int.random(in: minimum...3, using: &random)).map { _ in
            self.alphabet.randomElement(using: &random) ?? 0
        }
    }

    static func names(_ random: inout SeededGenerator) -> KeyNaming.Names {
        switch Int.random(in: 0..<9, using: &random) {
        case 0..<3: return .one(self.name(&random))
        case 3..<5: return .beginning(self.name(&random, minimum: 0))
        case 5: return .from(self.name(&random, minimum: 0))
        case 6..<8:
            let (one, other) = (self.name(&random), self.name(&random))
            let isAscending = one.lexicographicallyPrecedes(other)
            return .between(isAscending ? one : other, isAscending ? other : one)
        default: return .all
        }
    }

    static func next(
        _ random: inout SeededGenerator,
        lease: EtcdLeaseID,
        depth: Int = 0
    ) -> RandomOperation {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4:
            // Within a transaction that deletes the key, this ends etcd for good: it takes the request
            // up, and cannot apply it.
            let keepsValue = depth == 0 && Int.random(in: 0..<8, using: &random) == 0
            let isBound = Int.random(in: 0..<4, using: &random) == 0
            return .put(
                self.name(&random),
                keepsValue ? [] : self.name(&random, minimum: 0),
                isBound ? lease : nil,
                .init(includePrevious: .random(using: &random), keepValue: keepsValue)
            )
        case 4..<6:
            let isLimited = Bool.random(using: &random)
            return .range(
                self.names(&random),
                .init(
                    limit: isLimited ? Int.random(in: 1...4, using: &random) : nil,
                    order: isLimited ? nil : .descending,
                    keysOnly: .random(using: &random)
                )
            )
        case 6..<8:
            return .delete(self.names(&random), .init(includePrevious: .random(using: &random)))
        default:
            guard depth < 2 else { return .range(self.names(&random), .init()) }
            func list() -> [RandomOperation] {
                (0..<Int.random(in: 0...3, using: &random)).map { _ in
                    self.next(&random, lease: lease, depth: depth + 1)
                }
            }
            let conditions = (0..<Int.random(in: 0...2, using: &random)).map { _ in
                self.condition(&random)
            }
            return .transaction(conditions, list(), list())
        }
    }

    private static func condition(_ random: inout SeededGenerator) -> Condition {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: .absent(self.names(&random))
        case 1: .value(self.names(&random), self.name(&random, minimum: 0))
        default: .version(self.names(&random), Int64.random(in: 0...3, using: &random))
        }
    }
}

// MARK: - For a client

extension RandomOperation {
    /// The operation with the names it has for one client, as part of a transaction.
    func operation(_ naming: KeyNaming) -> EtcdOperation {
        switch self {
        case .put(let name, let value, let lease, let options):
            .put(naming.key(name), value, lease: lease, options: options)
        case .range(let names, let options):
            .range(naming.range(names), options: options)
        case .delete(let names, let options):
            .delete(naming.range(names), options: options)
        case .transaction:
            .transaction(self.transaction(naming))
        }
    }

    private func transaction(_ naming: KeyNaming) -> EtcdTransaction {
        guard case .transaction(let conditions, let success, let failure) = self else {
            return EtcdTransaction(then: [self.operation(naming)])
        }
        return EtcdTransaction(
            when: conditions.map { condition in
                switch condition {
                case .absent(let names): .isAbsent(naming.range(names))
                case .value(let names, let value): .value(of: naming.range(names), .equal, value)
                case .version(let names, let version):
                    .version(of: naming.range(names), .less, version)
                }
            },
            then: success.map { $0.operation(naming) },
            otherwise: failure.map { $0.operation(naming) }
        )
    }

    /// Runs the operation and tells its outcome with names that no client gave.
    func outcome(on client: EtcdClient, _ naming: KeyNaming) async throws -> Outcome {
        do {
            switch self {
            case .put(let name, let value, let lease, let options):
                let key = naming.key(name)
                let answer = try await client.put(key, value, lease: lease, options: options)
                return .result(naming.named(.put(answer)))
            case .range(let names, let options):
                let answer = try await client.range(naming.range(names), options: options)
                return .result(naming.named(.range(answer)))
            case .delete(let names, let options):
                let answer = try await client.delete(naming.range(names), options: options)
                return .result(naming.named(.delete(answer)))
            case .transaction:
                let answer = try await client.commit(self.transaction(naming))
                return .result(naming.named(.transaction(answer)))
            }
        } catch let error as EtcdError where !error.isRetryable && error.code != .ambiguous {
            return .failure(error.code)
        }
    }

    enum Outcome: Sendable, Equatable {
        case result(EtcdOperationResult)
        case failure(EtcdError.Code)
    }
}

extension KeyNaming {
    /// The result with names that no client gave, and nothing of the server but its revision.
    func named(_ result: EtcdOperationResult) -> EtcdOperationResult {
        switch result {
        case .put(var put):
            put.header = put.header.anonymous
            put.previous = put.previous.map { self.named($0) }
            return .put(put)
        case .range(var range):
            range.header = range.header.anonymous
            range.keyValues = range.keyValues.map { self.named($0) }
            return .range(range)
        case .delete(var delete):
            delete.header = delete.header.anonymous
            delete.previous = delete.previous.map { self.named($0) }
            return .delete(delete)
        case .transaction(var transaction):
            transaction.header = transaction.header.anonymous
            transaction.results = transaction.results.map { self.named($0) }
            return .transaction(transaction)
        }
    }
}

extension EtcdResponseHeader {
    fileprivate var anonymous: EtcdResponseHeader {
        EtcdResponseHeader(clusterID: 0, memberID: 0, revision: self.revision, raftTerm: 0)
    }
}
