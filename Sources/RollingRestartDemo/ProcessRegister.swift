// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The processes of the requests.
final class ProcessRegister: Sendable {
    private let processes = Mutex<[Int: ManagedProcess]>([:])

    func add(_ process: ManagedProcess, for index: Int) {
        self.processes.withLock { $0[index] = process }
    }

    subscript(_ index: Int) -> ManagedProcess? { self.processes.withLock { $0[index] } }
}
