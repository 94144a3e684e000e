// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

// Permissions on the wire name their keys as requests do: no end for one key, a zero byte for no
// upper bound, a start of one zero byte for everything.

extension Permission {
    init(_ permission: EtcdPermission) {
        self.init(
            permissionType: PermissionType(rawValue: permission.access.rawValue),
            key: permission.range.start,
            rangeEnd: permission.range.wireEnd
        )
    }
}

extension EtcdPermission {
    init(_ permission: Permission) {
        self.init(
            Access(rawValue: permission.permissionType.rawValue),
            EtcdKeyRange(wireStart: permission.key, wireEnd: permission.rangeEnd)
        )
    }
}
