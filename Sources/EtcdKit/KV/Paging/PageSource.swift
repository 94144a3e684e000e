// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Logging
import Synchronization

/// Brings the pages of a range, one after the other.
///
/// The first one is read by a call of its own, which fixes the revision. The rest comes as a stream
/// if the server has that, otherwise by one call for each page. A stream that breaks is not opened
/// again: calls go on where it ended, and know how to repeat.
///
/// One call of ``next()`` at a time.
actor PageSource {
    private typealias Stream = ServerStreamReader<RangeRequest, RangeStreamResponse>

    private let client: EtcdClient
    private var cursor: PageCursor
    private var stream: Stream?
    /// Whether calls alone are made from now on.
    private var avoidsStream = false
    /// What came on the stream and was too much for one page.
    private var surplus = RangeResponse()

    init(_ pages: EtcdPages) {
        self.client = pages.client
        self.cursor = PageCursor(pages)
    }

    /// The next page; not to be called behind the last one.
    func next() async throws -> EtcdPage {
        try self.cursor.check()
        if self.cursor.isPinned, !self.avoidsStream || !self.surplus.kvs.isEmpty,
            let response = try await self.nextFromStream()
        {
            return try self.cursor.accept(response)
        }
        return try self.cursor.accept(try await self.nextByCall())
    }

    private func nextByCall() async throws -> RangeResponse {
        while true {
            let request = self.cursor.request
            do {
                // The cursor itself sees to pages whose revision is fixed.
                if request.serializable, !self.cursor.isPinned {
                    return try await self.client.readSerializably(request)
                }
                return try await self.client.perform(
                    request.serializable ? KVRPC.serializableRange : KVRPC.range,
                    request
                )
            } catch let error as EtcdError {
                try self.cursor.adapt(to: error, of: request)
            }
        }
    }

    /// A page from the stream, or nil when calls have to go on.
    private func nextFromStream() async throws -> RangeResponse? {
        if self.surplus.kvs.isEmpty {
            do {
                guard let response = try await self.nextPiece() else {
                    self.abandonStream()
                    return nil
                }
                self.surplus = response
            } catch let error as EtcdError {
                self.abandonStream()
                try self.judge(error)
                return nil
            }
        }
        return self.surplus.takePage(ofAtMost: self.cursor.maximumCount)
    }

    /// What the server sends next; nil when the stream ended before the range did.
    private func nextPiece() async throws -> RangeResponse? {
        guard let stream = self.openedStream() else { return nil }
        while let message = try await stream.next() {
            guard var response = message.rangeResponse else { continue }
            if let namespace = self.client.keyNamespace { try response.leave(namespace) }
            if response.header != nil {
                // The last one. It counts once the server has said that all went well.
                response.more = !(try await self.hasEndedWell(stream))
                return response.more && response.kvs.isEmpty ? nil : response
            }
            guard !response.kvs.isEmpty else { continue }
            response.more = true
            return response
        }
        return nil
    }

    /// Whether the server ends the stream in good order.
    private func hasEndedWell(_ stream: Stream) async throws -> Bool {
        defer { self.abandonStream() }
        do {
            return try await stream.next() == nil
        } catch is EtcdError {
            return false
        }
    }

    private func openedStream() -> Stream? {
        if let stream = self.stream { return stream }
        let core = self.client.core
        guard !core.lacksRangeStream.load(ordering: .relaxed) else { return nil }
        var request = self.cursor.streamRequest
        if let namespace = self.client.keyNamespace { request.enter(namespace) }
        let stream = Stream(
            core.serverStream(
                KVRPC.rangeStream,
                request,
                ServerStreamOptions(
                    route: .calls,
                    timeout: self.client.requestTimeout,
                    silenceLimit: self.client.requestTimeout
                )
            )
        )
        self.stream = stream
        return stream
    }

    private func abandonStream() {
        self.stream = nil
        self.avoidsStream = true
    }

    /// Learns from a stream that failed, or throws if calls would fail, too.
    private func judge(_ error: EtcdError) throws(EtcdError) {
        let core = self.client.core
        switch error.code {
        case .unsupported:
            core.lacksRangeStream.store(true, ordering: .relaxed)
            core.logger.debug("the server does not stream ranges; reading them page by page")
        case .closed, .malformedResponse:
            throw error
        case .compacted, .futureRevision:
            try self.cursor.adapt(to: error, of: self.cursor.streamRequest)
        default:
            core.logger.debug("a stream of a range broke", metadata: ["error": "\(error)"])
        }
    }
}

extension RangeResponse {
    /// Takes so many keys off the front.
    fileprivate mutating func takePage(ofAtMost count: Int) -> RangeResponse {
        guard self.kvs.count > count else {
            defer { self = RangeResponse() }
            return self
        }
        let page = RangeResponse(header: self.header, kvs: Array(self.kvs[..<count]), more: true)
        self.kvs.removeFirst(count)
        return page
    }
}
