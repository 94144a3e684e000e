// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

// Alarms are the cluster's: any member tells of all of them.

extension EtcdMaintenance {
    /// Lists the alarms that stand.
    ///
    /// - Returns: The alarms of all members.
    /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled.
    public func alarms() async throws -> [EtcdAlarm] {
        try await self.alarm(AlarmRequest(action: .get))
    }

    /// Disarms one alarm.
    ///
    /// An alarm whose cause remains is raised again: compact and defragment before disarming
    /// ``EtcdAlarm/Kind/noSpace``.
    ///
    /// - Parameter alarm: The alarm.
    /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled. One that does not
    ///   stand is no error.
    public func disarm(_ alarm: EtcdAlarm) async throws {
        _ = try await self.alarm(try AlarmRequest(.deactivate, alarm))
    }

    /// Disarms all alarms that stand.
    ///
    /// - Returns: The alarms that were disarmed.
    /// - Throws: ``EtcdError``, when some may have been disarmed already; `CancellationError` if
    ///   the task was cancelled.
    @discardableResult
    public func disarmAllAlarms() async throws -> [EtcdAlarm] {
        let alarms = try await self.alarms()
        for alarm in alarms { try await self.disarm(alarm) }
        return alarms
    }

    /// Raises an alarm, with all its consequences for the whole cluster, until it is disarmed.
    ///
    /// Members raise alarms by themselves; this is for tests and drills.
    ///
    /// - Parameter alarm: The alarm.
    /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled.
    public func raise(_ alarm: EtcdAlarm) async throws {
        _ = try await self.alarm(try AlarmRequest(.activate, alarm))
    }

    private func alarm(_ request: AlarmRequest) async throws -> [EtcdAlarm] {
        let response = try await self.client.core.perform(
            MaintenanceRPC.alarm,
            request,
            timeout: self.client.requestTimeout
        )
        return response.alarms.map { EtcdAlarm($0) }
    }
}

extension AlarmRequest {
    fileprivate init(_ action: AlarmAction, _ alarm: EtcdAlarm) throws(EtcdError) {
        guard alarm.kind.rawValue != AlarmType.none.rawValue else {
            throw EtcdError(code: .invalidArgument, message: "0 is not a kind of alarm")
        }
        self.init(
            action: action,
            memberID: try alarm.member.checked(),
            alarm: AlarmType(rawValue: alarm.kind.rawValue)
        )
    }
}
