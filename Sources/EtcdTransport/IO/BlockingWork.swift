// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Runs what blocks on a thread of its own, so that it stops neither the event loop nor Swift's
/// threads.
///
/// A thread per piece of work costs some 20 µs, so pieces should be large.
enum BlockingWork {
    /// Runs the body on a new thread.
    ///
    /// - Returns: false when there is no thread to be had; the body does not run then.
    static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(Body(run: body))
        let result = unsafe pthread_create(
            &thread,
            nil,
            { context in
                // Balanced with passRetained above.
                unsafe Unmanaged<Body>.fromOpaque(context.unsafelyUnwrapped).takeRetainedValue()
                    .run()
                return nil
            },
            context.toOpaque()
        )
        guard result == 0 else {
            unsafe context.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    /// Runs the body on a new thread and waits for it, whatever happens to the task.
    static func run<Failure: Error, Result: Sendable>(
        _ body: @escaping @Sendable () throws(Failure) -> Result,
        noThread: Failure
    ) async throws(Failure) -> Result {
        let outcome: Swift.Result<Result, Failure> = await withCheckedContinuation { continuation in
            let isStarted = Self.start {
                do throws(Failure) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
            if !isStarted { continuation.resume(returning: .failure(noThread)) }
        }
        return try outcome.get()
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }
}
