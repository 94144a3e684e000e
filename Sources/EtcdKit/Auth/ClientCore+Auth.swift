// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Logging

extension ClientCore {
    /// The headers for calls, after getting a token if one is needed and there is none.
    func metadata(until deadline: ContinuousClock.Instant) async throws -> CallMetadata {
        if let current = self.tokens.current { return current }
        return try await self.tokens.metadata(until: deadline, on: self.loop) {
            try await self.authenticate()
        }
    }

    /// Trades user and password for a token; nil when the cluster has authentication switched off.
    private func authenticate() async throws -> String? {
        guard let credentials = self.configuration.credentials else { return nil }
        let request = AuthenticateRequest(
            name: credentials.user,
            password: credentials.password
        )
        do {
            let response = try await self.perform(
                AuthRPC.authenticate,
                request,
                timeout: self.configuration.requestTimeout
            )
            return response.token
        } catch let error as EtcdError where error.code == .authenticationNotEnabled {
            self.logger.debug("authentication is switched off; going on without a token")
            return nil
        }
    }
}
