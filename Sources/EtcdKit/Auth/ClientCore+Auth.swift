// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire
import Logging

extension ClientCore {
    /// The headers for calls, after getting a token if one is needed and there is none.
    func metadata(until deadline: ContinuousClock.Instant) async throws -> CallMetadata {
        if let current = self.tokens.current { return current }
        return try await self.tokens.metadata(until: deadline, on: self.loop) {
            try await self.token(for: $0)
        }
    }

    /// Takes other credentials, and has streams opened again with them.
    func replaceCredentials(_ credentials: EtcdClient.Credentials?) {
        self.tokens.replaceCredentials(credentials) { try await self.token(for: $0) }
        self.logger.debug("the credentials were replaced")
        self.pool.moveStreams()
        self.members.moveStreams()
    }

    /// How certificates stand; nil without TLS.
    var tlsStatus: TLSStatus? {
        self.pool.certificates
    }

    /// Whom etcd takes this client for, as far as it is known here.
    var userName: String? {
        switch self.tokens.credentials?.kind {
        case .password(let user, _): user
        case .token, .tokens: nil
        case nil: self.tlsStatus?.commonName
        }
    }

    private func token(for credentials: EtcdClient.Credentials) async throws -> String? {
        switch credentials.kind {
        case .password(let user, let password):
            try await self.authenticate(user: user, password: password)
        case .token(let token):
            token
        case .tokens(let provider):
            try await self.token(from: provider)
        }
    }

    /// Trades user and password for a token; nil when the cluster has authentication switched off.
    private func authenticate(user: String, password: String) async throws -> String? {
        do {
            let response = try await self.perform(
                AuthRPC.authenticate,
                AuthenticateRequest(name: user, password: password),
                timeout: self.configuration.requestTimeout
            )
            return response.token
        } catch let error as EtcdError where error.code == .authenticationNotEnabled {
            self.logger.debug("authentication is switched off; going on without a token")
            return nil
        }
    }

    /// Asks the user's closure, and waits no longer than for a server.
    private func token(
        from provider: @escaping @Sendable () async throws -> String
    ) async throws -> String {
        let waiter = Waiter<Result<String, any Error>>()
        // Not a child: one that ignores its cancellation would be waited for.
        let task = Task {
            do {
                waiter.resolve(.success(try await provider()))
            } catch {
                waiter.resolve(.failure(error))
            }
        }
        let deadline = ContinuousClock.now + self.configuration.requestTimeout.clamped
        switch await waiter.wait(until: deadline, on: self.loop) {
        case .value(.success(let token)) where token.isSendableToken:
            return token
        case .value(.success):
            throw EtcdError.providerFailed("gave one that is empty or cannot be sent", nil)
        case .value(.failure(let error)):
            throw EtcdError.providerFailed("has failed", error)
        case .deadlinePassed, .cancelled:
            task.cancel()
            throw EtcdError.providerFailed("gave none within the request timeout", nil)
        }
    }
}

extension EtcdError {
    /// Retryable: the next time the closure may succeed.
    fileprivate static func providerFailed(_ how: String, _ cause: (any Error)?) -> EtcdError {
        EtcdError(
            code: .authenticationFailed,
            message: "the closure for tokens \(how)",
            cause: cause,
            isRetryable: true
        )
    }
}
