// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What a role may do with the keys of a range.
package struct Permission: WireMessage {
    /// What is allowed.
    package struct PermissionType: WireEnum {
        package static let read = Self(rawValue: 0)
        package static let write = Self(rawValue: 1)
        package static let readWrite = Self(rawValue: 2)

        package let rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }
    }

    package var permissionType = PermissionType.read
    package var key: [UInt8] = []
    package var rangeEnd: [UInt8] = []

    package init() {}

    package init(
        permissionType: PermissionType = .read,
        key: [UInt8] = [],
        rangeEnd: [UInt8] = []
    ) {
        self.permissionType = permissionType
        self.key = key
        self.rangeEnd = rangeEnd
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.permissionType)
        encoder.write(2, self.key)
        encoder.write(3, self.rangeEnd)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.permissionType)
        case 2: try decoder.read(&self.key)
        case 3: try decoder.read(&self.rangeEnd)
        default: try decoder.skip()
        }
    }
}

/// Adds a role.
package struct AuthRoleAddRequest: WireMessage {
    package var name = ""

    package init() {}

    package init(name: String = "") {
        self.name = name
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.name)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.name)
        default: try decoder.skip()
        }
    }
}

/// Answer to a new role.
package struct AuthRoleAddResponse: HeaderOnlyMessage {
    package var header: ResponseHeader?

    package init(header: ResponseHeader? = nil) {
        self.header = header
    }
}

/// Asks for a role's permissions.
package struct AuthRoleGetRequest: WireMessage {
    package var role = ""

    package init() {}

    package init(role: String = "") {
        self.role = role
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.role)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.role)
        default: try decoder.skip()
        }
    }
}

/// A role's permissions.
package struct AuthRoleGetResponse: StoreResponse {
    package var header: ResponseHeader?
    package var permissions: [Permission] = []

    package init() {}

    package init(header: ResponseHeader? = nil, permissions: [Permission] = []) {
        self.header = header
        self.permissions = permissions
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.permissions)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.permissions)
        default: try decoder.skip()
        }
    }
}

/// Asks for all roles.
package struct AuthRoleListRequest: EmptyMessage {
    package init() {}
}

/// The names of all roles.
package struct AuthRoleListResponse: StoreResponse {
    package var header: ResponseHeader?
    package var roles: [String] = []

    package init() {}

    package init(header: ResponseHeader? = nil, roles: [String] = []) {
        self.header = header
        self.roles = roles
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.roles)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.roles)
        default: try decoder.skip()
        }
    }
}

/// Deletes a role.
package struct AuthRoleDeleteRequest: WireMessage {
    package var role = ""

    package init() {}

    package init(role: String = "") {
        self.role = role
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.role)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.role)
        default: try decoder.skip()
        }
    }
}

/// Answer to the deletion of a role.
package struct AuthRoleDeleteResponse: HeaderOnlyMessage {
    package var header: ResponseHeader?

    package init(header: ResponseHeader? = nil) {
        self.header = header
    }
}

/// Allows a role something.
package struct AuthRoleGrantPermissionRequest: WireMessage {
    /// The role.
    package var name = ""
    package var permission: Permission?

    package init() {}

    package init(name: String = "", permission: Permission? = nil) {
        self.name = name
        self.permission = permission
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.name)
        encoder.write(2, self.permission)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.name)
        case 2: try decoder.read(&self.permission)
        default: try decoder.skip()
        }
    }
}

/// Answer to a new permission.
package struct AuthRoleGrantPermissionResponse: HeaderOnlyMessage {
    package var header: ResponseHeader?

    package init(header: ResponseHeader? = nil) {
        self.header = header
    }
}

/// Takes from a role what it was allowed with a range.
package struct AuthRoleRevokePermissionRequest: WireMessage {
    package var role = ""
    package var key: [UInt8] = []
    package var rangeEnd: [UInt8] = []

    package init() {}

    package init(role: String = "", key: [UInt8] = [], rangeEnd: [UInt8] = []) {
        self.role = role
        self.key = key
        self.rangeEnd = rangeEnd
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.role)
        encoder.write(2, self.key)
        encoder.write(3, self.rangeEnd)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.role)
        case 2: try decoder.read(&self.key)
        case 3: try decoder.read(&self.rangeEnd)
        default: try decoder.skip()
        }
    }
}

/// Answer to the loss of a permission.
package struct AuthRoleRevokePermissionResponse: HeaderOnlyMessage {
    package var header: ResponseHeader?

    package init(header: ResponseHeader? = nil) {
        self.header = header
    }
}
