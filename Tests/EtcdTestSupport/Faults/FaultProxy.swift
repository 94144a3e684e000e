// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// Stands between a client and a server on loopback and misbehaves on demand, byte for byte.
///
/// Each connection has two threads that read, look at the current faults and write.
package final class FaultProxy: Sendable {
    /// Which way bytes go.
    package enum Direction: Sendable, CaseIterable {
        case toServer
        case toClient
    }

    struct Faults: Sendable {
        /// Where nothing is passed on; what was read meanwhile follows when it ends.
        var blackHoles: Set<Direction> = []
        /// Whose connections are black holes in both directions.
        var severedDialers: Set<String> = []
        /// Connections that are black holes in both directions.
        var severedLinks: Set<ObjectIdentifier> = []
        /// What the server says is thrown away.
        var dropsAnswers = false
        /// The next answer of this size or more is thrown away, and its connection cut.
        var dropsNextAnswer: Int?
        /// A bit of the next piece of some size that goes there changes.
        var flipsNext: Direction?
        /// Each piece waits this long, in both directions.
        var delay: Duration = .zero
        /// How much each connection carries in each direction.
        var bytesPerSecond: Int?
    }

    struct State {
        var faults = Faults()
        var listener: Int32?
        var links: [ObjectIdentifier: ProxyLink] = [:]
        var droppedAnswers = 0
        var flippedBytes = 0
        var acceptedConnections = 0
    }

    /// Who dials, by the port of the dialling end.
    typealias Dialer = @Sendable (_ port: UInt16, _ proxyPort: UInt16) -> String?

    /// Where clients connect to.
    package let port: UInt16
    let target: UInt16
    let dialer: Dialer?
    let state = Mutex(State())

    /// Starts listening; every connection is passed on to the target port.
    package convenience init(to target: UInt16) throws {
        try self.init(to: target, dialer: nil)
    }

    /// Starts listening, and tells connections apart by who dials them.
    init(to target: UInt16, dialer: Dialer?) throws {
        self.target = target
        self.dialer = dialer
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
    ///
    /// The end of a connection does not pass either: whoever is killed behind it just stays silent.
    package func blackHole() {
        self.state.withLock { $0.faults.blackHoles = Set(Direction.allCases) }
    }

    /// Stops to pass anything on in one direction, until `heal()`.
    package func blackHole(_ direction: Direction) {
        self.state.withLock { _ = $0.faults.blackHoles.insert(direction) }
    }

    /// Makes black holes of the connections that somebody dials, until `heal()`.
    func sever(dialer: String) {
        self.state.withLock { _ = $0.faults.severedDialers.insert(dialer) }
    }

    /// Makes black holes of the connections there are, until `heal()`; new ones work.
    ///
    /// As when one address leads to several servers and one of them hangs.
    package func blackHoleOpenConnections() {
        self.state.withLock { $0.faults.severedLinks = Set($0.links.keys) }
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

    /// Changes one bit in the middle of the next piece of 20 bytes or more that goes there.
    ///
    /// For connections with TLS, which have to notice. Nothing in plain text is bound to.
    package func flipNextByte(_ direction: Direction) {
        self.state.withLock { $0.faults.flipsNext = direction }
    }

    /// Holds each piece of data for a time, in both directions.
    package func delay(_ delay: Duration) {
        self.state.withLock { $0.faults.delay = delay }
    }

    /// Lets each connection carry so much in each direction, in steps of 20 ms.
    package func throttle(bytesPerSecond: Int) {
        self.state.withLock { $0.faults.bytesPerSecond = max(50, bytesPerSecond) }
    }

    /// Ends all faults but `refuse()`.
    package func heal() {
        self.state.withLock { $0.faults = Faults() }
    }

    /// How many pieces of answers were thrown away.
    package var droppedAnswers: Int { self.state.withLock { $0.droppedAnswers } }

    /// How many bytes were changed.
    package var flippedBytes: Int { self.state.withLock { $0.flippedBytes } }

    /// How many connections were taken since the start.
    package var acceptedConnections: Int { self.state.withLock { $0.acceptedConnections } }

    package var openConnections: Int { self.state.withLock { $0.links.count } }

    /// Refuses and resets everything.
    package func close() {
        self.refuse()
        self.heal()
        self.cut()
    }
}
