// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Testing

@testable import RollingLock

@Suite
struct UnknownFateTests {
    @Test(arguments: [EtcdError.Code.ambiguous, .deadlineExceeded, .closed, .noSpace])
    func aTicketMayBeThereAfter(_ code: EtcdError.Code) {
        #expect(EtcdError(code: code, message: "").leavesFateUnknown)
    }

    @Test(arguments: [EtcdError.Code.permissionDenied, .leaseNotFound, .connectionRefused])
    func noTicketIsThereAfter(_ code: EtcdError.Code) {
        #expect(!EtcdError(code: code, message: "").leavesFateUnknown)
    }
}
