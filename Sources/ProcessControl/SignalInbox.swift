// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import Synchronization

/// Receives signals and hands them out as an asynchronous sequence, in order.
///
/// The handler writes the signal's number into a pipe; a dispatch source reads the other end. A
/// handler (rather than a blocked or ignored signal) is what keeps child processes clean: `exec`
/// resets it to the default.
package final class SignalInbox: Sendable {
    /// The signals received, oldest first.
    ///
    /// For one reader.
    package let signals: AsyncStream<Int32>
    /// Kept so that the source lives as long as the inbox; nobody touches it.
    private nonisolated(unsafe) let source: (any DispatchSourceRead)?

    /// Starts receiving.
    ///
    /// One inbox per process; a second one takes the signals over.
    ///
    /// A signal that the process was started with ignored, as `nohup` does with SIGHUP, stays so.
    ///
    /// - Parameter signals: The numbers to receive.
    package init(_ signals: [Int32]) {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        self.signals = stream
        guard let pipe = PipeEnds() else {
            // Without a pipe the signals keep their default effect.
            unsafe self.source = nil
            return
        }
        let readEnd = pipe.readEnd
        for end in [readEnd, pipe.writeEnd] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        inboxWriteEnd.store(pipe.writeEnd, ordering: .sequentiallyConsistent)
        let source = DispatchSource.makeReadSource(fileDescriptor: readEnd)
        source.setEventHandler {
            var byte: UInt8 = 0
            while unsafe read(readEnd, &byte, 1) == 1 {
                continuation.yield(Int32(byte))
            }
        }
        source.activate()
        unsafe self.source = source
        for signal in signals {
            Self.install(signal)
        }
    }

    private static func install(_ number: Int32) {
        var current = sigaction()
        unsafe sigaction(number, nil, &current)
        let ignored = unsafe unsafeBitCast(current.__sigaction_handler.sa_handler, to: Int.self)
        // SIG_IGN is the address 1.
        if ignored == 1 { return }
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = noteSignal
        action.sa_flags = SA_RESTART
        unsafe sigaction(number, &action, nil)
    }
}

/// Where the handler writes.
///
/// An atomic, because a handler may touch nothing else.
private let inboxWriteEnd = Atomic<Int32>(-1)

/// The handler: only what may be called from one.
private func noteSignal(_ number: Int32) {
    let saved = errno
    var byte = UInt8(truncatingIfNeeded: number)
    _ = unsafe write(inboxWriteEnd.load(ordering: .relaxed), &byte, 1)
    errno = saved
}
