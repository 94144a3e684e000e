// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Testing

@testable import EtcdKit

private let one = WatchHandle(1)
private let denied = "rpc error: code = PermissionDenied desc = etcdserver: permission denied"
private let expired = "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token"

@Suite
struct WatchCredentialsTests {
    private static func creating() -> WatchStateMachine {
        var machine = WatchStateMachine(fragmentByteLimit: 100)
        _ = machine.add(one, .from(3), seen: 0)
        _ = machine.streamOpened()
        return machine
    }

    @Test(arguments: [WatchStateMachine.Credentials.fresh, .aged])
    func anExpiredTokenIsRenewedAFewTimes(credentials: WatchStateMachine.Credentials) {
        var machine = Self.creating()
        for _ in 1...3 {
            #expect(
                machine.received(.refused(-1, expired), byteCount: 9, credentials: credentials)
                    == .renewCredentials
            )
            #expect(machine.streamClosed() == .openStream)
            #expect(machine.streamOpened().count == 1)
        }
        #expect(
            machine.received(.refused(-1, expired), byteCount: 9, credentials: credentials)
                == .finish(one, .cancelled(reason: "invalid auth token"), nil)
        )
    }

    @Test
    func aRefusalIsBelievedOnlyWithAFreshToken() {
        var machine = Self.creating()
        #expect(
            machine.received(.refused(-1, denied), byteCount: 9, credentials: .aged)
                == .renewCredentials
        )
        _ = machine.streamClosed()
        #expect(machine.streamOpened() == [.creating(2, from: 3)])
        #expect(
            machine.received(.refused(-1, denied), byteCount: 9, credentials: .fresh)
                == .finish(one, .cancelled(reason: "permission denied"), nil)
        )
    }

    @Test
    func withoutCredentialsARefusalIsFinal() {
        var machine = Self.creating()
        #expect(
            machine.received(.refused(-1, expired), byteCount: 9, credentials: .none)
                == .finish(one, .cancelled(reason: "invalid auth token"), nil)
        )
    }
}
