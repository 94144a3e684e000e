// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import EtcdTransport
import Testing

struct EtcdErrorTests {
    private let first = Endpoint(host: "a", port: 1, usesTLS: true, isIPAddress: false)
    private let second = Endpoint(host: "b", port: 2, usesTLS: true, isIPAddress: false)

    @Test(arguments: [
        (ConnectionFailure.refused, EtcdError.Code.connectionRefused),
        (.nameResolution(host: "a", reason: "unknown"), .nameResolutionFailed),
        (.timedOut(phase: "connecting"), .connectionTimedOut),
        (.unreachable("no route"), .unavailable),
        (.notHTTP2(hint: "HTTP/1.1 400"), .notEtcd),
        (.tls(.notTLS), .tlsFailed),
        (.tls(.noALPN), .notEtcd),
        (.tls(.certificateUntrusted(reason: "x")), .certificateRejected),
        (.tls(.certificateExpired(subject: "x", date: "y")), .certificateRejected),
        (.tls(.hostNameMismatch(expected: "a", presented: ["b"])), .certificateRejected),
        (.tls(.peerAlert(.certificateRequired)), .certificateRejected),
        (.tls(.peerAlert(.badCertificate)), .certificateRejected),
        (.tls(.peerAlert(.protocolVersion)), .tlsFailed),
        (.tls(.ownCertificateExpired(source: "x", date: "y")), .tlsFailed),
    ])
    func aFailureToConnectNamesItsCauseAndEndpoint(
        _ failure: ConnectionFailure,
        _ code: EtcdError.Code
    ) {
        let error = EtcdError(
            PoolFailure(.timeout, attempts: [.init(endpoint: self.first, failure: failure)])
        )
        #expect(error.code == code)
        #expect(error.endpoint == "https://a:1")
        #expect(error.message == failure.description)
        #expect(error.cause is PoolFailure)
    }

    @Test
    func severalEndpointsAreAllNamed() {
        let error = EtcdError(
            PoolFailure(
                .timeout,
                attempts: [
                    .init(endpoint: self.first, failure: .refused),
                    .init(endpoint: self.second, failure: .tls(.notTLS)),
                ]
            )
        )
        #expect(error.code == .unavailable)
        #expect(error.message.contains("https://a:1: connection refused"))
        #expect(error.message.contains("https://b:2: TLS"))
        let same = EtcdError(
            PoolFailure(
                .timeout,
                attempts: [
                    .init(endpoint: self.first, failure: .refused),
                    .init(endpoint: self.second, failure: .refused),
                ]
            )
        )
        #expect(same.code == .connectionRefused)
    }

    @Test
    func anAmbiguousWriteKeepsItsCauseAndMustNotBeRepeatedBlindly() {
        let cause = EtcdError(
            CallFailure(.connection(.keepAliveTimeout), isProvenUnprocessed: false),
            endpoint: self.first
        )
        let error = EtcdError.ambiguous(cause)
        #expect(error.code == .ambiguous)
        #expect(!error.isRetryable)
        #expect(error.endpoint == "https://a:1")
        #expect((error.cause as? EtcdError)?.code == .unavailable)
        #expect(cause.isRetryable)
    }

    @Test
    func descriptionsHaveCodeEndpointAndMessage() {
        let error = EtcdError(code: .noSpace, message: "full", endpoint: "https://a:1")
        #expect(error.description == "noSpace (https://a:1): full")
        #expect(EtcdError(code: .closed, message: "over").description == "closed: over")
        #expect(EtcdError.Code.noSpace == .noSpace)
        #expect(EtcdError.Code.noSpace != .noLeader)
    }
}
