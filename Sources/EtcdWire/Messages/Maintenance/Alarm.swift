// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a member.
package struct AlarmType: WireEnum {
    package static let none = Self(rawValue: 0)
    package static let noSpace = Self(rawValue: 1)
    package static let corrupt = Self(rawValue: 2)

    package let rawValue: Int32

    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }
}

/// Lists, raises or clears alarms.
package struct AlarmRequest: WireMessage {
    /// What to do with the alarms.
    package struct AlarmAction: WireEnum {
        package static let get = Self(rawValue: 0)
        package static let activate = Self(rawValue: 1)
        package static let deactivate = Self(rawValue: 2)

        package let rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }
    }

    package var action = AlarmAction.get
    package var memberID: UInt64 = 0
    package var alarm = AlarmType.none

    package init() {}

    package init(
        action: AlarmAction = .get,
        memberID: UInt64 = 0,
        alarm: AlarmType = .none
    ) {
        self.action = action
        self.memberID = memberID
        self.alarm = alarm
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.action)
        encoder.write(2, self.memberID)
        encoder.write(3, self.alarm)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.action)
        case 2: try decoder.read(&self.memberID)
        case 3: try decoder.read(&self.alarm)
        default: try decoder.skip()
        }
    }
}

/// An alarm and the member that raised it.
package struct AlarmMember: WireMessage {
    package var memberID: UInt64 = 0
    package var alarm = AlarmType.none

    package init() {}

    package init(memberID: UInt64 = 0, alarm: AlarmType = .none) {
        self.memberID = memberID
        self.alarm = alarm
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.memberID)
        encoder.write(2, self.alarm)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.memberID)
        case 2: try decoder.read(&self.alarm)
        default: try decoder.skip()
        }
    }
}

/// The alarms that the request was about.
package struct AlarmResponse: StoreResponse {
    package var header: ResponseHeader?
    package var alarms: [AlarmMember] = []

    package init() {}

    package init(header: ResponseHeader? = nil, alarms: [AlarmMember] = []) {
        self.header = header
        self.alarms = alarms
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.alarms)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.alarms)
        default: try decoder.skip()
        }
    }
}
