// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc

/// Rings when something may have changed; however often it rang, the one who listens looks once.
final class Bell: Sendable {
    /// For one listener.
    let rings: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (self.rings, self.continuation) = AsyncStream.makeStream(
            of: Void.self,
            bufferingPolicy: .bufferingNewest(1)
        )
    }

    func ring() { self.continuation.yield() }

    /// Rings once more after a while.
    func ring(after pause: Duration) -> Task<Void, Never> {
        // Cancelled by whoever asked for it.
        Task { if (try? await Task.sleep(for: pause)) != nil { self.ring() } }
    }
}

/// Listens at the spool's fifo.
final class WakeListener: Sendable {
    /// Kept so that the source lives as long as the listener; nobody touches it.
    private nonisolated(unsafe) let source: any DispatchSourceRead

    init(_ spool: Spool, onWake: @escaping @Sendable () -> Void) throws {
        let descriptor = try spool.openWake()
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor)
        source.setEventHandler {
            var buffer = [UInt8](repeating: 0, count: 4096)
            while unsafe read(descriptor, &buffer, buffer.count) > 0 {}
            onWake()
        }
        source.setCancelHandler { close(descriptor) }
        source.activate()
        unsafe self.source = source
    }

    deinit { unsafe self.source.cancel() }
}
