// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Dispatch

/// A contender's end of the log.
package final class LockLogClient: Sendable {
    private let queue = DispatchQueue(label: "lock log")
    /// Only code on the queue touches it.
    private nonisolated(unsafe) var lines: LineSocket

    /// Connects, and says who this is.
    package init(port: UInt16, _ who: ContenderID) throws {
        unsafe self.lines = LineSocket(try LoopbackPort.connect(to: port))
        guard unsafe self.lines.write("\(who)") else {
            throw TestSupportError("nobody keeps the log")
        }
    }

    /// Says something, and waits until it stands in the log.
    package func say(_ kind: LockEvent.Kind) async throws -> LockLogAnswer {
        guard let line = kind.line else {
            throw TestSupportError("contenders do not say \(kind)")
        }
        return try await self.ask(line)
    }

    /// Asks what is to be done.
    package func ask() async throws -> LockLogAnswer { try await self.ask("ask") }

    /// Uses the fenced resource without saying how old one's lock is, so that it takes everything.
    package func useUnfenced(_ token: Int64) async throws -> LockLogAnswer {
        try await self.ask("unfenced \(token)")
    }

    private func ask(_ line: String) async throws -> LockLogAnswer {
        let answer = await withCheckedContinuation { continuation in
            self.queue.async {
                guard unsafe self.lines.write(line), let answer = unsafe self.lines.read() else {
                    return continuation.resume(returning: LockLogAnswer?.none)
                }
                continuation.resume(returning: LockLogAnswer(answer))
            }
        }
        guard let answer else { throw TestSupportError("the log has ended") }
        return answer
    }
}
