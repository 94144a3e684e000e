// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// All frames of a round of the loop in as few writes as can be.
extension Connection {
    func scheduleFlush() {
        if !self.isFlushScheduled, self.socket != nil {
            self.isFlushScheduled = true
            self.loop.flushSoon(self)
        }
    }

    /// Takes what HTTP/2 has to say and writes it, all frames of a round in as few writes as can be.
    func flushNow() {
        self.isFlushScheduled = false
        self.streamCount.store(self.session.openStreams.count, ordering: .relaxed)
        guard let socket = self.socket, socket.isConnected else {
            return
        }
        do {
            repeat {
                try self.collectOutput()
                if try !self.outgoing.write(to: socket) {
                    try socket.setWantsWrite(true)
                    return
                }
            } while self.wasCollectionCut
            try socket.setWantsWrite(false)
        } catch let error as SystemError {
            if error.kind == .reset {
                // What the peer said before it hung up tells why: an alert, a GOAWAY.
                self.readAvailable(from: socket)
            }
            self.socketFailed(error)
            return
        } catch let failure as ConnectionFailure {
            self.fail(failure)
            return
        } catch {
            self.fail(.socket("\(error)"))
            return
        }
        if self.machine.speaksHTTP2, self.session.isFinished {
            let reason = self.session.violation ?? "the session ended"
            self.fail(
                self.machine.isEstablishing
                    ? .notHTTP2(hint: self.preamble.hint) : .protocolViolation(reason)
            )
        } else if self.machine.failure != nil, !self.session.hasOpenStreams {
            self.perform(self.machine.callsEnded())
        }
    }

    func collectOutput() throws(ConnectionFailure) {
        self.wasCollectionCut = false
        if self.machine.speaksHTTP2 {
            try self.collectFrames()
        }
        if let tls = self.tls {
            self.outgoing.fill(from: tls)
        }
    }

    /// Takes frames from the session, as many as make a good write.
    private func collectFrames() throws(ConnectionFailure) {
        guard let tls = self.tls else {
            self.wasCollectionCut = try self.outgoing.fill(from: self.session)
            return
        }
        self.plaintext.removeAll(keepingCapacity: true)
        while self.plaintext.count < OutgoingBuffer.target {
            guard let bytes = try unsafe self.session.nextOutput() else {
                break
            }
            unsafe self.plaintext.append(contentsOf: bytes)
        }
        self.wasCollectionCut = self.plaintext.count >= OutgoingBuffer.target
        do throws(TLSFailure) {
            try unsafe self.plaintext.withUnsafeBytes { bytes in
                Result { () throws(TLSFailure) in try unsafe tls.write(bytes) }
            }.get()
        } catch {
            throw .tls(error)
        }
        self.plaintext.removeAll(keepingCapacity: true)
    }

    /// Takes leave of the peer.
    ///
    /// Politeness only: what the kernel has no room for is dropped.
    func sayGoodbye(to socket: ConnectedSocket, after failure: ConnectionFailure) {
        if failure.isOwnDecision, socket.isConnected, self.tls?.isEstablished ?? true {
            self.session.goAway()
            try? self.collectFrames()
        }
        if let tls = self.tls {
            tls.close()
            self.outgoing.fill(from: tls)
        }
        if socket.isConnected {
            _ = try? self.outgoing.write(to: socket)
        }
    }

    /// A last attempt to tell the peer what is wrong.
    func writeTLSOutput() {
        guard let tls = self.tls, let socket = self.socket, socket.isConnected else {
            return
        }
        self.outgoing.fill(from: tls)
        _ = try? self.outgoing.write(to: socket)
    }
}

extension Connection: EventLoopFlushable {
    nonisolated func flush() {
        self.assumeIsolated { $0.flushNow() }
    }
}
