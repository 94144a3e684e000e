// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What to ask a member in order to know whether it can do its work.
package struct ServiceProbe: Sendable {
    /// One call, and what its outcome says.
    package struct Question: Sendable {
        let method: GRPCMethod
        let message: [UInt8]
        let metadata: @Sendable () -> GRPCMetadata
        let judge: @Sendable (Result<[UInt8], CallFailure>) -> ConnectionFailure?
        fileprivate var isProof = false

        /// - Parameters:
        ///   - method: what to call.
        ///   - message: the encoded request behind five bytes of room for the prefix.
        ///   - metadata: the headers, asked for each time.
        ///   - judge: what is wrong with a member that answers so; nil: nothing.
        package init(
            _ method: GRPCMethod,
            framed message: [UInt8],
            metadata: @escaping @Sendable () -> GRPCMetadata,
            judge: @escaping @Sendable (Result<[UInt8], CallFailure>) -> ConnectionFailure?
        ) {
            self.method = method
            self.message = message
            self.metadata = metadata
            self.judge = judge
        }
    }

    /// What only a member that works with the others can answer.
    private(set) var proof: Question

    /// What the member says of itself, asked before it gets calls again; nil: it is not asked.
    let statement: Question?

    package init(statement: Question?, proof: Question) {
        self.statement = statement
        self.proof = proof
        self.proof.isProof = true
    }
}

extension Connection {
    /// Asks the question, and tells on the loop what is wrong; nil: nothing.
    func make(
        _ question: ServiceProbe.Question,
        deadline: ContinuousClock.Instant,
        _ outcome: @escaping @Sendable (ConnectionFailure?) -> Void
    ) {
        let judge: @Sendable (Result<[UInt8], CallFailure>) -> Void = { result in
            let failure = question.judge(result)
            if failure == nil, question.isProof {
                self.assumeIsolated { $0.answers.answered() }
            }
            outcome(failure)
        }
        let call = GRPCCall(
            method: question.method,
            metadata: question.metadata(),
            deadline: deadline,
            message: question.message,
            receiveLimit: 64 << 10
        )
        let answer = Mutex<[UInt8]?>(nil)
        call.receiver = .stream { event in
            switch event {
            case .opened: break
            case .message(let message): answer.withLock { $0 = message }
            case .closed(let failure?): judge(.failure(failure))
            case .closed(nil): judge(.success(answer.withLock { $0 } ?? []))
            }
        }
        self.start(call)
        self.scheduleFlush()
    }
}
