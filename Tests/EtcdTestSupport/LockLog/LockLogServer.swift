// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// The log that contenders of a lock write, in one order, and the resource that the lock fences.
///
/// It knows nothing of locks: it numbers lines, and remembers the largest token.
package final class LockLogServer: Sendable {
    private struct State {
        var log: [LockEvent] = []
        /// When each line came, for people who read it.
        var times: [ContinuousClock.Instant] = []
        var phase = LockLogPhase.go
        /// The largest token that the resource has seen.
        var fence: Int64 = 0
        var drained: Set<ContenderID> = []
        var connected: Set<ContenderID> = []
        var isOpen = true

        mutating func append(_ who: ContenderID?, _ kind: LockEvent.Kind) {
            self.log.append(.init(who, kind))
            self.times.append(.now)
        }
    }

    /// Where contenders connect to.
    package let port: UInt16
    private let listener: Int32
    private let state = Mutex(State())

    package init() throws {
        self.port = try LoopbackPort.free()
        self.listener = try LoopbackPort.listen(on: self.port)
        ProxySocket.onThread { [listener, weak self] in
            defer { Glibc.close(listener) }
            while let socket = LoopbackPort.accept(on: listener) {
                ProxySocket.onThread { [weak self] in
                    var lines = LineSocket(socket)
                    self?.serve(&lines)
                }
            }
        }
    }

    deinit {
        self.close()
    }

    /// Takes no more connections; those that are there go on until contenders end.
    package func close() {
        let wasOpen = self.state.withLock { state in
            defer { state.isOpen = false }
            return state.isOpen
        }
        if wasOpen { ProxySocket.end(self.listener) }
    }

    /// What contenders are asked to do.
    package var phase: LockLogPhase {
        get { self.state.withLock { $0.phase } }
        set { self.state.withLock { $0.phase = newValue } }
    }

    /// All lines; the index of one is its number.
    package var log: [LockEvent] { self.state.withLock { $0.log } }

    /// When each line came: for showing, never for deciding.
    package var times: [ContinuousClock.Instant] { self.state.withLock { $0.times } }

    /// The lines from this number on.
    package func log(from line: Int) -> ArraySlice<LockEvent> {
        self.state.withLock { $0.log[min(line, $0.log.count)...] }
    }

    /// Those who have come and not gone.
    package var connected: Set<ContenderID> { self.state.withLock { $0.connected } }

    /// Those who have said that they want nothing any more.
    package var drained: Set<ContenderID> { self.state.withLock { $0.drained } }

    /// Writes a line that no contender says.
    package func note(_ who: ContenderID?, _ kind: LockEvent.Kind) {
        self.state.withLock { $0.append(who, kind) }
    }

    private func serve(_ lines: inout LineSocket) {
        guard let who = lines.read().flatMap({ ContenderID($0) }) else { return }
        self.state.withLock { state in
            state.connected.insert(who)
            state.append(who, .began)
        }
        while let line = lines.read(), let answer = self.answer(who, line),
            lines.write(answer.description)
        {}
        self.state.withLock { state in
            state.connected.remove(who)
            state.append(who, .ended)
        }
    }

    private func answer(_ who: ContenderID, _ line: String) -> LockLogAnswer? {
        self.state.withLock { state in
            var isAccepted = true
            if line != "ask" {
                let isUnfenced = line.hasPrefix("unfenced ")
                let text = isUnfenced ? "used" + line.dropFirst("unfenced".count) : line
                guard var kind = LockEvent.Kind(line: text) else { return nil }
                if case .used(let token, _) = kind {
                    isAccepted = isUnfenced || token >= state.fence
                    if isAccepted { state.fence = max(state.fence, token) }
                    kind = .used(token: token, isAccepted: isAccepted)
                }
                if kind == .drained { state.drained.insert(who) }
                state.append(who, kind)
            }
            return LockLogAnswer(
                line: state.log.count - 1,
                phase: state.phase,
                isAccepted: isAccepted
            )
        }
    }
}
