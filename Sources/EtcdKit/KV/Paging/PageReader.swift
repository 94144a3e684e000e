// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Reads pages for one consumer, one page ahead of it.
final class PageReader: Sendable {
    private enum State {
        case start
        case reading(Task<EtcdPage, any Error>)
        case over
    }

    private let source: PageSource
    private let state = Mutex(State.start)

    init(_ pages: EtcdPages) {
        self.source = PageSource(pages)
    }

    deinit {
        self.state.withLock { state in
            if case .reading(let task) = state { task.cancel() }
        }
    }

    /// The next page; nil behind the last one and after an error.
    func next(isolation: isolated (any Actor)?) async throws -> EtcdPage? {
        let reading: Task<EtcdPage, any Error>? = self.state.withLock { state in
            // Stays so after an error, which is delivered once, and behind the last page.
            defer { state = .over }
            return switch state {
            case .start: Self.read(self.source)
            case .reading(let task): task
            case .over: nil
            }
        }
        guard let reading else { return nil }
        let page = try await withTaskCancellationHandler {
            try await reading.value
        } onCancel: {
            reading.cancel()
        }
        if !page.isLast {
            let ahead = Self.read(self.source)
            self.state.withLock { $0 = .reading(ahead) }
        }
        return page
    }

    /// Unstructured, for it runs on while the consumer looks at the page before.
    ///
    /// It ends by itself within the request timeout, and is cancelled with the reader.
    private static func read(_ source: PageSource) -> Task<EtcdPage, any Error> {
        Task { try await source.next() }
    }
}
