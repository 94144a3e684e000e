// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// An alarm that a member has raised, and that stands until somebody disarms it.
public struct EtcdAlarm: Sendable, Hashable {
    /// The member it is about.
    public var member: EtcdMemberID

    /// What is wrong.
    public var kind: Kind

    /// Makes an alarm, to disarm or to raise it.
    ///
    /// - Parameters:
    ///   - member: the member it is about.
    ///   - kind: what is wrong.
    public init(member: EtcdMemberID, kind: Kind) {
        self.member = member
        self.kind = kind
    }

    /// What an alarm is about.
    ///
    /// More may be added, so a `switch` over it needs a `default`.
    public struct Kind: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        /// The number on the wire.
        public var rawValue: Int32

        /// Wraps a number.
        ///
        /// - Parameter rawValue: the number on the wire.
        public init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        /// The member's database has reached its quota: the whole cluster takes no writes but
        /// deletions.
        public static let noSpace = Kind(rawValue: AlarmType.noSpace.rawValue)

        /// The member's data differ from the others': the whole cluster answers nothing.
        public static let corrupt = Kind(rawValue: AlarmType.corrupt.rawValue)

        /// The name as etcdctl prints it.
        public var description: String {
            switch self {
            case .noSpace: "NOSPACE"
            case .corrupt: "CORRUPT"
            default: "alarm \(self.rawValue)"
            }
        }
    }
}

extension EtcdAlarm {
    init(_ alarm: AlarmMember) {
        self.init(
            member: EtcdMemberID(alarm.memberID),
            kind: Kind(rawValue: alarm.alarm.rawValue)
        )
    }
}
