// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

/// Decides which of the members' client URLs a client uses.
struct EndpointJudge {
    /// The endpoints of the configuration, which always stay.
    let bootstrap: [Endpoint]
    /// How the client does TLS.
    let security: EndpointSecurity

    struct Verdict: Equatable {
        /// Each once, without those of the configuration.
        var endpoints: [Endpoint] = []
        var skipped: [EtcdEndpointSync.Skipped] = []
    }

    func judge(_ members: [EtcdMember]) -> Verdict {
        var verdict = Verdict()
        for member in members {
            if let reason = Self.reasonAgainst(member) {
                verdict.skipped.append(.init(member: member.id, url: nil, reason: reason))
                continue
            }
            for url in member.clientURLs {
                switch self.judge(url) {
                case .success(let endpoint):
                    guard !self.bootstrap.contains(endpoint) else { continue }
                    guard !verdict.endpoints.contains(endpoint) else { continue }
                    verdict.endpoints.append(endpoint)
                case .failure(let refusal):
                    verdict.skipped.append(
                        .init(member: member.id, url: url, reason: refusal.reason)
                    )
                }
            }
        }
        return verdict
    }

    private struct Refusal: Error {
        let reason: EtcdEndpointSync.Reason
    }

    private static func reasonAgainst(_ member: EtcdMember) -> EtcdEndpointSync.Reason? {
        if member.isLearner { return .learner }
        return member.isStarted ? nil : .notStarted
    }

    private func judge(_ url: String) -> Result<Endpoint, Refusal> {
        let tlsByDefault = self.security.prefersTLS
        guard let endpoint = try? Endpoint(parsing: url, tlsByDefault: tlsByDefault) else {
            return .failure(Refusal(reason: .malformed))
        }
        if endpoint.isUnspecified { return .failure(Refusal(reason: .unspecifiedHost)) }
        if endpoint.isLoopback && !self.bootstrap.contains(where: \.isLoopback) {
            return .failure(Refusal(reason: .loopback))
        }
        switch self.security.permits(endpoint) {
        case .yes: return .success(endpoint)
        case .withoutTLS: return .failure(Refusal(reason: .withoutTLS))
        case .needsTLS: return .failure(Refusal(reason: .needsTLS))
        }
    }
}
