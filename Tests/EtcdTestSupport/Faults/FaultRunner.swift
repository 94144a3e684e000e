// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Does to a proxied cluster what a script says, and undoes it whatever happens.
package final class FaultRunner: Sendable {
    private let cluster: EtcdCluster
    private let record = Mutex(FaultJournal())
    private let onEnd: @Sendable (FaultJournal.Entry) -> Void

    /// - Parameters:
    ///   - cluster: What to do it to.
    ///   - onEnd: Called before each fault is undone.
    package init(
        _ cluster: EtcdCluster,
        onEnd: @escaping @Sendable (FaultJournal.Entry) -> Void = { _ in }
    ) {
        self.cluster = cluster
        self.onEnd = onEnd
    }

    /// How often each fault was done.
    package var injected: [Fault: Int] {
        self.journal.entries.reduce(into: [:]) { counts, entry in
            if entry.ended != nil { counts[entry.step.fault, default: 0] += 1 }
        }
    }

    /// What was done when.
    package var journal: FaultJournal { self.record.withLock { $0 } }

    /// Follows the script until the task is cancelled; the cluster is healed then.
    ///
    /// - Parameters:
    ///   - script: What to do.
    ///   - onStep: Called before each step.
    /// - Throws: What keeps a server from starting again.
    package func run(
        _ script: FaultScript,
        onStep: @Sendable (FaultScript.Step) -> Void = { _ in }
    ) async throws {
        var script = script
        while !Task.isCancelled {
            let step = script.next()
            onStep(step)
            try await self.run(step)
            try? await Task.sleep(for: step.rest)
        }
    }

    /// Does one fault and undoes it.
    package func run(_ step: FaultScript.Step) async throws {
        let member = self.cluster[step.member]
        var hitsLeader = await member.isLeader
        if step.fault == .pauseTwo, !hitsLeader {
            hitsLeader = await self.next(after: step).isLeader
        }
        let entry = FaultJournal.Entry(step, hitsLeader: hitsLeader, began: .now)
        let number = self.record.withLock { $0.began(entry) }
        await self.begin(step, member)
        try? await Task.sleep(for: step.duration)
        self.onEnd(entry)
        // In a task of its own, for what was begun is ended in a cancelled task, too.
        try await Task { try await self.end(step, member) }.value
        self.record.withLock { $0.ended(number, at: .now) }
    }

    private func begin(_ step: FaultScript.Step, _ member: EtcdProcess) async {
        switch step.fault {
        case .kill: await member.kill()
        case .pause: member.pause()
        case .pauseTwo:
            member.pause()
            self.next(after: step).pause()
        case .isolate: self.cluster.isolate(member)
        case .moveLeader:
            // It may fail, as leaders come and go.
            let target = await member.isLeader ? self.next(after: step) : member
            _ = try? await self.cluster.moveLeader(to: target)
        case .cut: member.proxy.cut()
        case .blackHole: member.proxy.blackHole()
        case .blackHoleToServer: member.proxy.blackHole(.toServer)
        case .blackHoleToClient, .loseAnswers: member.proxy.blackHole(.toClient)
        case .refuse:
            member.proxy.refuse()
            member.proxy.cut()
        case .delay: member.proxy.delay(.milliseconds(step.measure / 4 + 1))
        case .throttle: member.proxy.throttle(bytesPerSecond: 500 + step.measure * 20)
        case .dropAnswer: member.proxy.dropNextAnswer()
        case .flipByte:
            member.proxy.flipNextByte(step.measure.isMultiple(of: 2) ? .toServer : .toClient)
        }
    }

    private func end(_ step: FaultScript.Step, _ member: EtcdProcess) async throws {
        switch step.fault {
        case .kill: try await member.startAgain()
        case .pause: member.resume()
        case .pauseTwo:
            member.resume()
            self.next(after: step).resume()
        case .isolate: self.cluster.healPeers()
        case .moveLeader, .cut: break
        case .refuse: try member.proxy.accept()
        case .loseAnswers:
            member.proxy.cut()
            member.proxy.heal()
        case .blackHole, .blackHoleToServer, .blackHoleToClient, .delay, .throttle, .dropAnswer,
            .flipByte:
            member.proxy.heal()
        }
    }

    private func next(after step: FaultScript.Step) -> EtcdProcess {
        self.cluster[(step.member + 1) % self.cluster.members.count]
    }
}
