// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import ProcessControl

/// How a call ended.
enum CallOutcome<Success: Sendable>: Sendable {
    case done(Success)
    /// It may or may not have been executed.
    case ambiguous
    /// It was certainly not executed, or was a read.
    case failed(EtcdError)
}

extension Witness {
    /// Makes a call and keeps account of how it ended.
    ///
    /// - Parameters:
    ///   - name: The kind of call.
    ///   - writes: Whether it may end as ambiguous.
    ///   - call: The call.
    /// - Returns: How it ended. A task that was cancelled leaves it ambiguous.
    func call<Success: Sendable>(
        _ name: String,
        writes: Bool,
        _ call: () async throws -> Success
    ) async -> CallOutcome<Success> {
        let begin = BootClock.nanoseconds
        let outcome: CallOutcome<Success>
        let word: String
        do {
            outcome = .done(try await call())
            word = "done"
        } catch let error as EtcdError where error.code == .ambiguous {
            outcome = .ambiguous
            word = "ambiguous"
            if !writes { self.report([.init(.errorUnexpected, "\(name), a read: \(error)")]) }
        } catch let error as EtcdError {
            outcome = .failed(error)
            word = "\(error.code)"
            if !Self.expected.contains(error.code) {
                self.report([.init(.errorUnexpected, "\(name): \(error)")])
            }
        } catch {
            outcome = .ambiguous
            word = "cancelled"
        }
        let took = BootClock.nanoseconds - begin
        self.update { state in
            state.operations[name, default: [:]][word, default: 0] += 1
            if took > state.longestCall.nanoseconds { state.longestCall = (name, took) }
        }
        // A busy machine may take its time, but no call outlives its deadline by much.
        if took > (self.requestTimeout + .seconds(5)).inNanoseconds {
            let text = "\(name) took \(took / 1_000_000) ms, the limit is \(self.requestTimeout)"
            self.report([.init(.callOverdue, text)])
        }
        return outcome
    }

    /// What faults may lead to.
    private static let expected: Set<EtcdError.Code> = [
        .unavailable, .connectionRefused, .connectionTimedOut, .deadlineExceeded, .noLeader,
        .notLeader, .tooManyRequests, .compacted, .tlsFailed, .leaseNotFound,
    ]

    /// Writes a value that nobody else writes, and keeps account of it.
    ///
    /// - Parameters:
    ///   - name: The kind of call.
    ///   - value: The value.
    ///   - keys: All keys it is written to.
    ///   - client: Who writes.
    ///   - call: The write; its revision, or nil if it was refused by its condition.
    /// - Returns: How it ended.
    func write(
        _ name: String,
        _ value: String,
        keys: Set<String>,
        by client: EtcdClient,
        _ call: () async throws -> EtcdRevision?
    ) async -> CallOutcome<EtcdRevision?> {
        self.update { $0.writes.begin(value, keys: keys) }
        let outcome = await self.call(name, writes: true, call)
        switch outcome {
        case .done(let revision?):
            self.update { $0.writes.end(value, .acknowledged(revision: revision.rawValue)) }
            self.knows(revision, client)
        case .done(nil), .failed: self.update { $0.writes.end(value, .refused) }
        case .ambiguous: break
        }
        return outcome
    }

    /// Reads a key, or a prefix that ends with a slash, and keeps what was found to be judged.
    func read(
        _ name: String,
        _ client: EtcdClient,
        _ prefix: String,
        isSerializable: Bool = false
    ) async -> CallOutcome<EtcdRangeResponse> {
        let floor = isSerializable ? self.seen(by: client) : self.known
        let range: EtcdKeyRange = prefix.hasSuffix("/") ? .prefix(prefix) : .key(prefix)
        let outcome = await self.call(name, writes: false) {
            try await client.range(range, options: .init(isSerializable: isSerializable))
        }
        if case .done(let response) = outcome {
            let revision = response.header.revision
            self.judge(name, prefix, response.keyValues, at: revision, floor: floor)
            self.knows(response.header.revision, client)
        }
        return outcome
    }

    /// Keeps what was found to be judged once the history is known so far.
    func judge(
        _ name: String,
        _ prefix: String,
        _ found: [EtcdKeyValue],
        at revision: EtcdRevision,
        floor: Int64
    ) {
        let read = ObservedRead(
            name,
            prefix: prefix,
            found: Dictionary(
                found.map { ($0.key.text, StoreRecord($0)) },
                uniquingKeysWith: { $1 }
            ),
            revision: revision.rawValue,
            floor: floor
        )
        self.update { $0.reads.append(read) }
    }
}

extension EtcdBytes {
    var text: String { self.string ?? "\(self.bytes)" }
}

extension StoreRecord {
    init(_ keyValue: EtcdKeyValue) {
        self.init(
            keyValue.value.text,
            created: keyValue.createRevision.rawValue,
            modified: keyValue.modRevision.rawValue,
            version: keyValue.version
        )
    }
}

extension WatchedChange {
    init(_ event: EtcdEvent) {
        self.init(
            StoreChange(
                event.revision.rawValue,
                event.key.text,
                event.kind == .put ? StoreRecord(event.keyValue) : nil
            ),
            previous: event.previous.map { StoreRecord($0) }
        )
    }
}
