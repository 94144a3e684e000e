// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Dispatch
public import Testing

/// Runs a test that computes for long on a thread of its own, one such test after the other.
///
/// The threads tasks share are as many as the machine has cores: two tests that compute for a second would
/// hold up all others, also those in which a server has to answer in time.
public struct ComputingTrait: TestTrait, SuiteTrait, TestScoping {
    /// Each test of a suite is run there by itself.
    public var isRecursive: Bool { true }

    /// Runs the test.
    public func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(ComputeExecutor.shared, operation: function)
    }
}

extension Trait where Self == ComputingTrait {
    /// For tests that compute for long.
    public static var computing: Self { Self() }
}

private final class ComputeExecutor: TaskExecutor {
    static let shared = ComputeExecutor()

    private let queue = DispatchQueue(label: "etcdkit-compute")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        self.queue.async { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
