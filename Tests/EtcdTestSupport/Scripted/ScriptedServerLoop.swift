// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// The thread of a scripted server.
///
/// `@unchecked Sendable`: handed to its thread once, and used there only.
final class ScriptedServerLoop: @unchecked Sendable {
    private let listener: Int32
    private let options: ScriptedServer.Options
    private let shared: ScriptedServer.Shared
    private let reaction: ScriptedServer.Reaction?
    private var links: [ScriptedLink] = []

    init(
        listener: Int32,
        options: ScriptedServer.Options,
        shared: ScriptedServer.Shared,
        reaction: ScriptedServer.Reaction?
    ) {
        self.listener = listener
        self.options = options
        self.shared = shared
        self.reaction = reaction
    }

    func run() {
        while !shared.state.withLock({ $0.isStopped }) {
            var descriptors = [
                pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
                pollfd(fd: shared.wake.read, events: Int16(POLLIN), revents: 0),
            ]
            descriptors += links.map {
                let events = ($0.stopsReading ? 0 : POLLIN) | ($0.wantsWrite ? POLLOUT : 0)
                return pollfd(fd: $0.descriptor, events: Int16(events), revents: 0)
            }
            _ = unsafe poll(&descriptors, nfds_t(descriptors.count), -1)
            drainWakeUps()
            for (link, descriptor) in zip(links, descriptors[2...]) where descriptor.revents != 0 {
                link.readAvailable()
            }
            if descriptors[0].revents != 0 {
                accept()
            }
            settle()
            performCommands()
            settle()
            links.removeAll { $0.isClosed }
        }
        for link in links {
            link.close()
        }
        close(listener)
    }

    private func drainWakeUps() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while unsafe read(shared.wake.read, &bytes, bytes.count) > 0 {}
    }

    private func accept() {
        guard let descriptor = LoopbackPort.accept(on: listener) else {
            return
        }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        var on: Int32 = 1
        unsafe setsockopt(
            descriptor,
            Int32(IPPROTO_TCP),
            TCP_NODELAY,
            &on,
            socklen_t(MemoryLayout<Int32>.size)
        )
        if let link = try? ScriptedLink(descriptor: descriptor, options: options) {
            links.append(link)
        } else {
            close(descriptor)
        }
    }

    private func performCommands() {
        // They wait for the first connection.
        guard let link = links.last else {
            return
        }
        let commands = shared.state.withLock { state in
            defer { state.commands = [] }
            return state.commands
        }
        for command in commands {
            command(link)
        }
    }

    /// Tells what happened, lets the script react, and writes, until nothing happens any more.
    private func settle() {
        for link in links {
            while true {
                let events = link.takeEvents()
                guard !events.isEmpty else {
                    break
                }
                for event in events {
                    reaction?(event, link)
                    shared.happened(event)
                }
                link.flush()
            }
            link.flush()
        }
    }
}
