// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// From the name to the server's SETTINGS.
extension Connection {
    func startConnecting() {
        self.connectingSince = .now
        self.connectTimer = self.schedule(after: self.configuration.connectTimeout) {
            $0.fail(.timedOut(phase: $0.machine.phase))
        }
        let host = self.endpoint.host
        self.configuration.resolver.resolve(self.endpoint, on: self.loop) { result in
            self.assumeIsolated { connection in
                switch result {
                case .success(let addresses):
                    connection.perform(
                        connection.machine.resolved(addresses),
                        addressCount: addresses.count
                    )
                case .failure(let error):
                    connection.fail(.nameResolution(host: host, reason: error.reason))
                }
            }
        }
    }

    func perform(
        _ action: ConnectionStateMachine<SocketAddress>.DialAction,
        addressCount: Int = 1
    ) {
        switch action {
        case .dial(let address, let isLast):
            self.dialTimer?.cancel()
            if !isLast {
                // An address that does not answer leaves time for the others.
                self.dialTimer = self.schedule(
                    after: self.configuration.connectTimeout / max(2, addressCount)
                ) {
                    $0.dialFailed(.timedOut(phase: $0.machine.phase))
                }
            }
            do throws(SystemError) {
                self.socket = try ConnectedSocket(
                    connectingTo: address,
                    on: self.loop,
                    connection: self
                )
            } catch {
                self.dialFailed(self.failure(of: error))
            }
        case .close(let failure):
            self.finish(failure)
        case .none:
            break
        }
    }

    func dialFailed(_ failure: ConnectionFailure) {
        self.socket?.close()
        self.socket = nil
        self.perform(self.machine.dialFailed(failure))
    }

    func perform(_ action: ConnectionStateMachine<SocketAddress>.EstablishAction) {
        switch action {
        case .startTLS:
            self.startTLS()
        case .startHTTP2:
            self.scheduleFlush()
        case .becomeReady:
            self.becomeReady()
        case .none:
            break
        }
    }

    func startTLS() {
        do throws(TLSFailure) {
            guard let context = self.configuration.tls else {
                throw TLSFailure.handshake("no TLS settings for an https endpoint")
            }
            let name = self.configuration.serverNameOverride
            let tls = try TLSConnection(
                context: context,
                serverName: name ?? self.endpoint.host,
                isIPAddress: name.map(Endpoint.isAddress) ?? self.endpoint.isIPAddress
            )
            self.certificateGeneration.store(tls.generation, ordering: .relaxed)
            try tls.startHandshake()
            self.tls = tls
            self.scheduleFlush()
        } catch {
            self.fail(.tls(error))
        }
    }

    func becomeReady() {
        self.connectTimer?.cancel()
        self.dialTimer?.cancel()
        self.usable.store(true, ordering: .relaxed)
        self.hasBeenReady = true
        // At least one; calls and PINGs tell better later.
        self.answers.tookRoundTrip(since: self.connectingSince)
        self.report(.opened)
        self.resumeConnectWaiters(returning: nil)
    }

    func resumeConnectWaiters(returning outcome: ConnectionFailure?) {
        let waiters = self.connectWaiters
        self.connectWaiters = []
        for waiter in waiters {
            waiter(outcome)
        }
    }
}
