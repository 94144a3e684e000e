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

    /// The services of which it has received calls since it started, and how many.
    package var callsByService: [String: Int] {
        get async {
            let text = await HealthProbe.get("/metrics", port: self.place.healthPort) ?? ""
            var calls: [String: Int] = [:]
            for line in text.split(separator: "\n")
            where line.hasPrefix("grpc_server_started_total{") {
                let service = line.text(after: "grpc_service=\"", upTo: "\"")
                let count = line.split(separator: " ").last.flatMap { Double($0) } ?? 0
                calls[service, default: 0] += Int(count)
            }
            return calls.filter { $0.value > 0 }
        }
    }
}

extension Substring {
    /// What stands between two texts.
    fileprivate func text(after start: String, upTo end: Character) -> String {
        guard let range = self.firstRange(of: start) else { return "" }
        return String(self[range.upperBound...].prefix { $0 != end })
    }
}
