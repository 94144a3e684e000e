// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc

/// Asks etcd whether it is well without any code of the library under test.
enum HealthProbe {
    static func isHealthy(port: UInt16) async -> Bool {
        await self.get("/health", port: port)?.contains(#""health":"true""#) ?? false
    }

    /// Whether a member takes part, and takes connections of clients.
    static func isUp(_ place: EtcdPlace) async -> Bool {
        guard await self.takesPart(port: place.healthPort) else { return false }
        return await self.isServing(clientPort: place.clientPort)
    }

    /// Whether a member is well, or follows a leader as a learner, which serves little.
    private static func takesPart(port: UInt16) async -> Bool {
        if await self.isHealthy(port: port) { return true }
        return await self.hasMetrics(
            ["etcd_server_is_learner 1", "etcd_server_has_leader 1"],
            port: port
        )
    }

    /// Whether a member takes connections of clients, with TLS or without.
    ///
    /// It listens early, but takes none before it has made itself known to the others. That can be
    /// seconds after it is healthy: what it sends the leader is lost if the way there is not open yet,
    /// and is sent again after a while only.
    private static func isServing(clientPort: UInt16) async -> Bool {
        // What it says does not matter; with TLS it hangs up.
        await self.offPool {
            do {
                return try self.getBlocking("/health", port: clientPort) != nil
            } catch let failure as POSIXFailure {
                return failure.code == ECONNRESET
            } catch {
                return false
            }
        }
    }

    /// Whether the server's metrics have all these lines.
    static func hasMetrics(_ lines: [String], port: UInt16) async -> Bool {
        guard let metrics = await self.get("/metrics", port: port) else { return false }
        return lines.allSatisfy { metrics.contains("\n\($0)\n") }
    }

    /// The answer to a plain HTTP request, headers included; nil when there is none.
    static func get(_ path: String, port: UInt16) async -> String? {
        await self.offPool { try? self.getBlocking(path, port: port) }
    }

    /// Runs a closure whose socket calls block, not on Swift's pool.
    private static func offPool<R: Sendable>(_ body: @escaping @Sendable () -> R) async -> R {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: body()) }
        }
    }

    /// The whole answer; nil if it does not come in time.
    private static func getBlocking(_ path: String, port: UInt16) throws -> String? {
        let socket = try LoopbackPort.connect(to: port)
        defer { close(socket) }
        var limit = timeval(tv_sec: 2, tv_usec: 0)
        unsafe setsockopt(
            socket,
            SOL_SOCKET,
            SO_RCVTIMEO,
            &limit,
            socklen_t(MemoryLayout<timeval>.size)
        )
        let request = Array("GET \(path) HTTP/1.0\r\n\r\n".utf8)
        guard unsafe send(socket, request, request.count, Int32(MSG_NOSIGNAL)) > 0 else {
            throw POSIXFailure(call: "send", code: errno)
        }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe recv(socket, &chunk, chunk.count, 0)
            if count > 0 {
                answer += chunk[..<count]
            } else if count == 0 {
                return String(decoding: answer, as: UTF8.self)
            } else if errno == EAGAIN {
                return nil
            } else if errno != EINTR {
                throw POSIXFailure(call: "recv", code: errno)
            }
        }
    }
}

extension EtcdProcess {
    /// Waits until the server has as many watches as given, by its own count.
    package func waitForWatches(_ count: Int) async throws {
        let line = "etcd_debugging_mvcc_watcher_total \(count)"
        while await !HealthProbe.hasMetrics([line], port: self.place.healthPort) {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Whether it has received as many requests on watch streams as given, by its own count.
    package func hasReceivedWatchRequests(_ count: Int) async -> Bool {
        let labels =
            #"grpc_method="Watch",grpc_service="etcdserverpb.Watch",grpc_type="bidi_stream""#
        return await HealthProbe.hasMetrics(
            ["grpc_server_msg_received_total{\(labels)} \(count)"],
            port: self.place.healthPort
        )
    }

    /// Whether it leads its cluster, by its own account.
    package var isLeader: Bool {
        get async {
            await HealthProbe.hasMetrics(
                ["etcd_server_is_leader 1", "etcd_server_has_leader 1"],
                port: self.place.healthPort
            )
        }
    }
}
