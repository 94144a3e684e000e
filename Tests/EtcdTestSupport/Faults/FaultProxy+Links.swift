// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension FaultProxy {
    /// Connects a client that was accepted; on the thread that accepts.
    func accepted(_ client: Int32) {
        let dialer = self.dialer.flatMap { dialer in
            LoopbackPort.remotePort(of: client).flatMap { dialer($0, self.port) }
        }
        while true {
            if let server = try? LoopbackPort.connect(to: self.target) {
                self.connect(ProxyLink(client: client, server: server, dialer: dialer))
                return
            }
            // That nobody listens must not be known on this side of a black hole.
            guard self.fate(dialer, .toClient, 0) == .hold else { break }
            ProxySocket.sleep(.milliseconds(5))
        }
        ProxySocket.reset(client)
    }

    private func connect(_ link: ProxyLink) {
        self.state.withLock { state in
            state.links[ObjectIdentifier(link)] = link
            state.acceptedConnections += 1
        }
        for direction in Direction.allCases {
            ProxySocket.onThread { [weak self] in
                link.pump(direction) { [weak self] count in
                    guard let self else { return .cut }
                    return self.isSevered(link) ? .hold : self.fate(link.dialer, direction, count)
                }
                self?.ended(link)
            }
        }
    }

    private func isSevered(_ link: ProxyLink) -> Bool {
        self.state.withLock { $0.faults.severedLinks.contains(ObjectIdentifier(link)) }
    }

    private func ended(_ link: ProxyLink) {
        self.state.withLock { state in
            guard link.isOver else { return }
            state.links[ObjectIdentifier(link)] = nil
        }
    }

    /// What is done with a piece of this size that was read, or with the end of all (0).
    private func fate(_ dialer: String?, _ direction: Direction, _ count: Int) -> ProxyLink.Fate {
        self.state.withLock { state in
            if state.faults.holds(dialer, direction) { return .hold }
            if count >= 20, state.faults.flipsNext == direction {
                state.faults.flipsNext = nil
                state.flippedBytes += 1
                return .flip
            }
            guard direction == .toClient else { return state.faults.passing(count) }
            if state.faults.dropsAnswers {
                state.droppedAnswers += 1
                return .drop
            }
            if let size = state.faults.dropsNextAnswer, count >= size {
                state.faults.dropsNextAnswer = nil
                state.droppedAnswers += 1
                return .cut
            }
            return state.faults.passing(count)
        }
    }
}

extension FaultProxy.Faults {
    fileprivate func holds(_ dialer: String?, _ direction: FaultProxy.Direction) -> Bool {
        if self.blackHoles.contains(direction) { return true }
        if self.severedDialers.isEmpty { return false }
        // A dialler that is not known may be the one meant.
        return dialer.map(self.severedDialers.contains) ?? true
    }

    fileprivate func passing(_ count: Int) -> ProxyLink.Fate {
        guard let bytesPerSecond = self.bytesPerSecond else {
            return .pass(count, after: self.delay)
        }
        return .pass(min(count, bytesPerSecond / 50), after: self.delay + .milliseconds(20))
    }
}
