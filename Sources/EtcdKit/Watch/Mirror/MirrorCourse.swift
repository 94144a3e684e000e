// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

/// Does what the ``MirrorStateMachine`` of one mirror says, one step at a time.
///
/// Uses the client's public calls only. Belongs to one consumer, whose task does all the work.
final class MirrorCourse {
    private let client: EtcdClient
    private let range: EtcdKeyRange
    private let options: EtcdMirrorOptions
    private var machine: MirrorStateMachine
    private var pages: EtcdPages.AsyncIterator?
    private var batches: EtcdWatch.AsyncIterator?
    private var backoff = Backoff()
    /// The store that the consumer has a picture of; nil before the first step.
    private var storeEpoch: Int?

    init(client: EtcdClient, range: EtcdKeyRange, options: EtcdMirrorOptions) {
        self.client = client
        self.range = range
        self.options = options
        self.machine = MirrorStateMachine(
            bookmark: options.bookmark,
            keepsValues: options.includePrevious
        )
    }

    /// Waits for the next batch.
    ///
    /// - Parameter actor: The isolation of the caller.
    /// - Returns: The batch; nil once the task was cancelled.
    /// - Throws: ``EtcdError`` if the mirror cannot go on.
    func next(isolation actor: isolated (any Actor)?) async throws -> EtcdChangeBatch? {
        do {
            if self.storeEpoch == nil {
                self.storeEpoch = self.client.core.identity.storeEpoch
                try self.options.check(self.range)
            }
            while !Task.isCancelled {
                switch self.machine.step {
                case .read(let reading):
                    if let batch = try await self.read(reading, isolation: actor) { return batch }
                case .watch(let revision):
                    try await self.openWatch(from: revision, isolation: actor)
                case .receive:
                    if let batch = try await self.receive(isolation: actor) { return batch }
                case .stop:
                    return nil
                }
            }
        } catch is CancellationError {
            // A cancelled task gets nil, as from a watch.
        } catch {
            self.stop()
            throw error
        }
        self.stop()
        return nil
    }

    private func stop() {
        self.machine.stop()
        self.pages = nil
        self.batches = nil
    }

    private func read(
        _ reading: MirrorStateMachine.Reading,
        isolation actor: isolated (any Actor)?
    ) async throws -> EtcdChangeBatch? {
        do {
            if self.pages == nil { self.pages = self.pages(of: reading) }
            guard let page = try await self.pages?.next(isolation: actor) else {
                // Not reached: reading ends with the last page.
                self.pages = nil
                return nil
            }
            try self.checkStore()
            if page.isLast { self.pages = nil }
            self.backoff.reset()
            switch self.machine.received(page: page) {
            case .deliver(let batch): return batch
            case .none: return nil
            case .failBehind(let revision): throw EtcdError.storeWentBack(to: revision)
            }
        } catch let error as EtcdError {
            self.pages = nil
            try await self.act(self.machine.readFailed(error.mirrorFailure), on: error)
            return nil
        }
    }

    private func pages(of reading: MirrorStateMachine.Reading) -> EtcdPages.AsyncIterator {
        self.client.pages(
            of: self.range.part(after: reading.after),
            options: EtcdPageOptions(
                maximumCount: self.options.pageSize,
                revision: reading.revision,
                keysOnly: reading.keysOnly
            )
        ).makeAsyncIterator()
    }

    private func openWatch(
        from revision: EtcdRevision,
        isolation actor: isolated (any Actor)?
    ) async throws {
        do {
            let watch = try await self.client.watch(
                self.range,
                options: EtcdWatchOptions(startRevision: revision, progressNotifications: true)
            )
            try self.checkStore()
            self.batches = watch.makeAsyncIterator()
            self.machine.watchOpened()
        } catch let error as EtcdError {
            try await self.act(self.machine.watchFailed(error.mirrorFailure), on: error)
        }
    }

    private func receive(isolation actor: isolated (any Actor)?) async throws -> EtcdChangeBatch? {
        do {
            guard let batch = try await self.batches?.next(isolation: actor) else {
                // Only a cancelled task ends a watch quietly that nobody else has.
                self.machine.stop()
                return nil
            }
            self.backoff.reset()
            return self.machine.received(batch)
        } catch let error as EtcdError {
            self.batches = nil
            try await self.act(self.machine.watchFailed(error.mirrorFailure), on: error)
            return nil
        }
    }

    /// Makes sure that what was read is of the store that the consumer's picture is of.
    private func checkStore() throws(EtcdError) {
        guard self.client.core.identity.storeEpoch == self.storeEpoch else {
            throw .storeIsAnother
        }
    }

    private func act(
        _ action: MirrorStateMachine.FailureAction,
        on error: EtcdError
    ) async throws {
        switch action {
        case .goOn: break
        case .goOnLater: try await Task.sleep(for: Backoff.jittered(upTo: self.backoff.next()))
        case .fail: throw error
        }
    }
}

extension EtcdKeyRange {
    /// What is left of the range behind a key in it; all of it behind none.
    fileprivate func part(after key: EtcdBytes?) -> EtcdKeyRange {
        guard let key else { return self }
        let next = key.bytes + [0]
        return self.wireEnd == [0] ? .from(next) : .range(next, self.wireEnd)
    }
}

extension EtcdError {
    fileprivate var mirrorFailure: MirrorStateMachine.Failure {
        switch self.code {
        case .compacted: .compacted
        case .responseTooLarge: .tooLarge
        default: .other(isPassing: self.isRetryable)
        }
    }

    static var storeIsAnother: EtcdError {
        EtcdError(
            code: .clusterChanged,
            message:
                "the store is another one, or in an earlier state, than the one that was "
                + "delivered until now: begin anew",
            isRetryable: false
        )
    }

    fileprivate static func storeWentBack(to revision: EtcdRevision) -> EtcdError {
        EtcdError(
            code: .clusterChanged,
            message: "the store is at revision \(revision), before what the mirror has delivered: "
                + "it is another one or was restored from a backup; begin anew",
            isRetryable: false
        )
    }
}
