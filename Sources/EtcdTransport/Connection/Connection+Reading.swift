// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What the socket has to say.
extension Connection {
    /// The socket has something to say.
    ///
    /// Called by ``ConnectedSocket`` on the loop.
    func socketIsReady(_ happened: Poller.Interest, on socket: ConnectedSocket) {
        guard let current = self.socket, current === socket else {
            return
        }
        if !socket.isConnected {
            if let error = socket.takeConnectOutcome() {
                self.dialFailed(self.failure(of: error))
                return
            }
            self.dialTimer?.cancel()
            self.perform(self.machine.dialed(usesTLS: self.endpoint.usesTLS))
            return
        }
        if happened.contains(.readable) || happened.contains(.failed) {
            self.readAvailable(from: socket)
        }
        if happened.contains(.writable) {
            self.scheduleFlush()
        }
    }

    /// Reads at most this often in a row before others on the loop have their turn.
    static let readsPerTurn = 4

    func readAvailable(from socket: ConnectedSocket) {
        let buffer = unsafe self.loop.readBuffer
        for _ in 0..<Self.readsPerTurn {
            do {
                guard let count = try unsafe socket.read(into: buffer) else {
                    break
                }
                if count == 0 {
                    self.receivedEnd()
                    return
                }
                self.lastReceived = .now
                self.answers.now = self.lastReceived
                try unsafe self.received(
                    UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])
                )
                if count < buffer.count || self.socket == nil {
                    break
                }
            } catch let error as SystemError {
                self.socketFailed(error)
                return
            } catch let failure as ConnectionFailure {
                self.fail(failure)
                return
            } catch {
                self.fail(.socket("\(error)"))
                return
            }
        }
        self.afterReceiving()
    }

    func received(_ bytes: UnsafeRawBufferPointer) throws(ConnectionFailure) {
        guard let tls = self.tls else {
            try unsafe self.receivedPlaintext(bytes)
            return
        }
        var failure: ConnectionFailure?
        var isOpen = true
        do throws(TLSFailure) {
            try unsafe tls.receive(bytes)
            if tls.isEstablished {
                self.perform(self.machine.secured())
            }
            isOpen = try unsafe tls.read { plaintext in
                guard failure == nil else {
                    return
                }
                do throws(ConnectionFailure) {
                    try unsafe self.receivedPlaintext(plaintext)
                } catch {
                    failure = error
                }
            }
        } catch {
            // There may be an alert for the peer.
            self.writeTLSOutput()
            throw .tls(error)
        }
        if let failure {
            throw failure
        }
        if !isOpen {
            self.receivedEnd()
        }
    }

    func receivedPlaintext(_ bytes: UnsafeRawBufferPointer) throws(ConnectionFailure) {
        guard self.machine.speaksHTTP2 else {
            return
        }
        if self.machine.isEstablishing, let hint = unsafe self.preamble.received(bytes) {
            throw .notHTTP2(hint: hint)
        }
        do throws(ConnectionFailure) {
            try unsafe self.session.receive(bytes)
        } catch {
            throw self.machine.isEstablishing ? .notHTTP2(hint: self.preamble.hint) : error
        }
        if self.session.fruitlessByteCount > Self.fruitlessLimit { try self.judgeFlood() }
    }

    /// So much that no call can use is a flood if it comes twice within ``floodTime``.
    private static let fruitlessLimit = 1 << 19
    private static let floodTime: Duration = .seconds(10)

    private func judgeFlood() throws(ConnectionFailure) {
        let now = ContinuousClock.now
        if let last = self.fruitlessSince, now - last < Self.floodTime {
            throw .protocolViolation("a flood of frames that are of no use to any call")
        }
        self.fruitlessSince = now
        self.session.fruitlessByteCount = 0
    }

    /// The socket is of no use any more.
    func socketFailed(_ error: SystemError) {
        if error.kind == .reset, self.machine.isEstablishing {
            // A peer that hangs up without reading our bytes resets the connection.
            self.receivedEnd()
        } else {
            self.fail(self.failure(of: error))
        }
    }

    func receivedEnd() {
        // What came with the end counts: a GOAWAY tells which calls were processed.
        self.afterReceiving()
        var phase = self.machine.phase
        if self.machine.isEstablishing {
            if !self.endpoint.usesTLS, self.preamble.isEmpty {
                phase += " (a server that wants TLS does this: try https:// and a CA)"
            } else if let tls = self.tls, !tls.hasReceivedAnything {
                phase += " (a server that speaks plain text does this: try http://)"
            }
        }
        self.fail(.closedByPeer(phase: phase))
    }

    func afterReceiving() {
        let events = self.session.takeEvents()
        if events.receivedSettings {
            self.perform(self.machine.receivedSettings())
        }
        if events.receivedPong, let pingedAt { self.answers.tookRoundTrip(since: pingedAt) }
        if let goAway = events.goAway {
            self.receivedGoAway(.goAway(code: goAway.errorCode, message: goAway.message))
        } else if self.machine.failure != nil, !self.session.hasOpenStreams {
            self.perform(self.machine.callsEnded())
        }
        self.scheduleFlush()
    }

    private func receivedGoAway(_ failure: ConnectionFailure) {
        self.usable.store(false, ordering: .relaxed)
        // Calls that still wait for a place would wait until the last running one has ended.
        for stream in Array(self.session.openStreams) where !stream.wasSent {
            (stream as? GRPCCall)?.abort(.connection(failure))
        }
        self.perform(
            self.machine.drain(failure, hasCalls: self.session.hasOpenStreams)
        )
    }
}
