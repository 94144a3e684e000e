// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// Stands between a client and a server on loopback and misbehaves on demand, byte for byte.
///
/// Each connection has two threads that read, look at the current faults and write.
package final class FaultProxy: Sendable {
    struct Faults: Sendable {
        /// Nothing is passed on; what was read meanwhile follows when it ends.
        var isBlackHole = false
        /// What the server says is thrown away.
        var dropsAnswers = false
        /// The next answer of this size or more is thrown away, and its connection cut.
        var dropsNextAnswer: Int?
        /// Each piece waits this long, in both directions.
        var delay: Duration = .zero
    }

    struct State {
        var faults = Faults()
        var listener: Int32?
        var links: [ObjectIdentifier: ProxyLink] = [:]
        var droppedAnswers = 0
        var acceptedConnections = 0
    }

    /// Where clients connect to.
    package let port: UInt16
    let target: UInt16
    let state = Mutex(State())

    /// Starts listening; every connection is passed on to the target port.
    package init(to target: UInt16) throws {
        self.target = target
        self.port = try LoopbackPort.free()
        try self.accept()
    }

    deinit {
        self.close()
    }

    /// Refuses new connections, as a port nobody listens on; open ones go on.
    package func refuse() {
        let listener = self.state.withLock { state in
            defer { state.listener = nil }
            return state.listener
        }
        if let listener { ProxySocket.end(listener) }
    }

    /// Takes new connections again after `refuse()`.
    package func accept() throws {
        let isListening = self.state.withLock { $0.listener != nil }
        guard !isListening else { return }
        let listener = try LoopbackPort.listen(on: self.port)
        self.state.withLock { $0.listener = listener }
        // The thread must not keep the proxy alive, for its end is what closes the listener.
        ProxySocket.onThread { [weak self] in
            while let socket = LoopbackPort.accept(on: listener) {
                guard let self else {
                    Glibc.close(socket)
                    break
                }
                self.accepted(socket)
            }
            Glibc.close(listener)
        }
    }

    /// Resets all open connections; new ones are taken.
    package func cut() {
        let links = self.state.withLock { $0.links.values.map { $0 } }
        for link in links { link.reset() }
    }

    /// Stops to pass anything on, without closing anything, until `heal()`.
    package func blackHole() {
        self.state.withLock { $0.faults.isBlackHole = true }
    }

    /// Throws away what the server says from now on.
    ///
    /// That includes the SETTINGS without which no HTTP/2 connection comes up. The connections of
    /// this time are of no use afterwards: `cut()` them.
    package func dropAnswers() {
        self.state.withLock { $0.faults.dropsAnswers = true }
    }

    /// Throws away the next piece the server sends, and cuts that connection.
    ///
    /// - Parameter size: The least size in bytes. HTTP/2's own PING and WINDOW_UPDATE frames, which a
    ///   server sends as soon as it has read a request, stay below 50 together.
    package func dropNextAnswer(ofAtLeast size: Int = 50) {
        self.state.withLock { $0.faults.dropsNextAnswer = size }
    }

    /// Holds each piece of data for a time, in both directions.
    package func delay(_ delay: Duration) {
        self.state.withLock { $0.faults.delay = delay }
    }

    /// Ends all faults but `refuse()`.
    package func heal() {
        self.state.withLock { $0.faults = Faults() }
    }

    /// How many pieces of answers were thrown away.
    package var droppedAnswers: Int { self.state.withLock { $0.droppedAnswers } }

    /// How many connections were taken since the start.
    package var acceptedConnections: Int { self.state.withLock { $0.acceptedConnections } }

    package var openConnections: Int { self.state.withLock { $0.links.count } }

    /// Refuses and resets everything.
    package func close() {
        self.refuse()
        self.cut()
    }

    private func accepted(_ client: Int32) {
        guard let server = try? LoopbackPort.connect(to: self.target) else {
            ProxySocket.reset(client)
            return
        }
        let link = ProxyLink(client: client, server: server)
        self.state.withLock { state in
            state.links[ObjectIdentifier(link)] = link
            state.acceptedConnections += 1
        }
        ProxySocket.onThread { [weak self] in
            link.pump(from: client, to: server) { [weak self] count in
                self?.fate(ofAnswer: false, count) ?? .cut
            }
            self?.ended(link)
        }
        ProxySocket.onThread { [weak self] in
            link.pump(from: server, to: client) { [weak self] count in
                self?.fate(ofAnswer: true, count) ?? .cut
            }
            self?.ended(link)
        }
    }

    private func ended(_ link: ProxyLink) {
        self.state.withLock { state in
            guard link.isOver else { return }
            state.links[ObjectIdentifier(link)] = nil
        }
    }

    /// What is done with a piece that was read.
    private func fate(ofAnswer isAnswer: Bool, _ count: Int) -> ProxyLink.Fate {
        self.state.withLock { state in
            if state.faults.isBlackHole { return .hold }
            guard isAnswer else { return .pass(after: state.faults.delay) }
            if state.faults.dropsAnswers {
                state.droppedAnswers += 1
                return .drop
            }
            if let size = state.faults.dropsNextAnswer, count >= size {
                state.faults.dropsNextAnswer = nil
                state.droppedAnswers += 1
                return .cut
            }
            return .pass(after: state.faults.delay)
        }
    }
}
