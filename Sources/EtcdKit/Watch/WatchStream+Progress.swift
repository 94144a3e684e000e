// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire

// Requests for progress, to servers that can be trusted with the answer.

extension WatchStream {
    /// Whether the server of a stream can be asked for progress.
    struct ProgressVerdict {
        let generation: Int
        /// Why not; nil if it can.
        let refusal: EtcdError?
    }

    /// Asks the server how far a watch is.
    ///
    /// - Parameters:
    ///   - mailbox: The watch.
    ///   - timeout: How long the member may take to tell its version; once for each stream.
    /// - Throws: ``EtcdError``, or `CancellationError` when the task was cancelled.
    func requestProgress(of mailbox: WatchMailbox, timeout: Duration) async throws {
        try Task.checkCancellation()
        guard self.mailboxes[mailbox.handle] != nil else { throw self.watchIsOver }
        // With its acknowledgement the server has told which member it is.
        guard let stream = self.stream, self.machine.isLive(mailbox.handle) else {
            throw EtcdError.watchNotOnStream
        }
        let generation = self.generation
        if self.progressVerdict?.generation != generation {
            let status = try await self.core.status(at: stream.endpoint, timeout: timeout)
            // Meanwhile much may have happened.
            guard self.mailboxes[mailbox.handle] != nil else { throw self.watchIsOver }
            guard self.generation == generation else { throw EtcdError.watchNotOnStream }
            self.progressVerdict = ProgressVerdict(
                generation: generation,
                refusal: self.refusal(status, of: stream.endpoint)
            )
        }
        if let refusal = self.progressVerdict?.refusal { throw refusal }
        switch self.machine.requestProgress(of: mailbox.handle) {
        case .send(let request): self.send(request)
        case .none: throw EtcdError.watchNotOnStream
        }
    }

    /// Why the stream's server must not be asked; nil if it may.
    private func refusal(_ status: EtcdStatus, of endpoint: Endpoint) -> EtcdError? {
        guard status.header.memberID == self.memberID else {
            return .progressOfAnotherMember(endpoint: endpoint)
        }
        guard let version = ServerVersion(status.version), version.hasTrueProgress else {
            return .progressUnsupported(version: status.version, endpoint: endpoint)
        }
        return nil
    }

    private var watchIsOver: EtcdError {
        self.core.isShutDown ? .closed : .watchOver
    }
}

extension ServerVersion {
    /// Whether an answer to a request for progress never overtakes events.
    ///
    /// By etcd's changelogs of 3.4 and 3.5; 3.6.0 had it from the start.
    var hasTrueProgress: Bool {
        switch (self.major, self.minor) {
        case (3, 4): self.patch >= 25
        case (3, 5): self.patch >= 8
        default: self >= ServerVersion(3, 6, 0)
        }
    }
}

extension EtcdError {
    fileprivate static func progressUnsupported(
        version: String,
        endpoint: Endpoint
    ) -> EtcdError {
        EtcdError(
            code: .unsupported,
            message: "the server's version is \(version.isEmpty ? "not known" : version), whose "
                + "answer to a request for progress may come before the events it counts as sent; "
                + "it needs etcd 3.4.25, 3.5.8, 3.6.0 or newer",
            endpoint: endpoint.description
        )
    }

    fileprivate static func progressOfAnotherMember(endpoint: Endpoint) -> EtcdError {
        EtcdError(
            code: .unsupported,
            message: "the endpoint leads to several members, so the version of the one that "
                + "serves the watch cannot be told; give the client the members' own endpoints",
            endpoint: endpoint.description
        )
    }

    fileprivate static var watchNotOnStream: EtcdError {
        EtcdError(
            code: .unavailable,
            message: "no server serves the watch at the moment; ask again when it has resumed"
        )
    }

    fileprivate static var watchOver: EtcdError {
        EtcdError(code: .watchCancelled, message: "the watch is over")
    }
}
