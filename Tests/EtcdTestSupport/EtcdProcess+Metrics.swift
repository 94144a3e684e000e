// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdProcess {
    /// How many calls of a method it has received since it started, by its own count.
    package func calls(of method: String, in service: String) async -> Int {
        let text = await HealthProbe.get("/metrics", port: self.place.healthPort) ?? ""
        let lines = text.split(separator: "\n").filter {
            $0.hasPrefix("grpc_server_started_total{") && $0.contains("grpc_method=\"\(method)\"")
                && $0.contains("grpc_service=\"etcdserverpb.\(service)\"")
        }
        return lines.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
            .reduce(0) { $0 + Int($1) }
    }

    /// How often it was asked for a token.
    package var authentications: Int {
        get async { await self.calls(of: "Authenticate", in: "Auth") }
    }
}
