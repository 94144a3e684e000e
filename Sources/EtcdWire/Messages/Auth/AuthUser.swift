// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// How a new user may log in.
package struct UserAddOptions: WireMessage {
    package var noPassword = false

    package init() {}

    package init(noPassword: Bool = false) {
        self.noPassword = noPassword
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.noPassword)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.noPassword)
        default: try decoder.skip()
        }
    }
}

/// Adds a user.
package struct AuthUserAddRequest: WireMessage {
    package var name = ""
    package var password = ""
    package var options: UserAddOptions?
    package var hashedPassword = ""

    package init() {}

    package init(
        name: String = "",
        password: String = "",
        options: UserAddOptions? = nil,
        hashedPassword: String = ""
    ) {
        self.name = name
        self.password = password
        self.options = options
        self.hashedPassword = hashedPassword
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.name)
        encoder.write(2, self.password)
        encoder.write(3, self.options)
        encoder.write(4, self.hashedPassword)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.name)
        case 2: try decoder.read(&self.password)
        case 3: try decoder.read(&self.options)
        case 4: try decoder.read(&self.hashedPassword)
        default: try decoder.skip()
        }
    }
}

/// Answer to a new user.
package struct AuthUserAddResponse: HeaderOnlyMessage {
    package var header: ResponseHeader?

    package init(header: ResponseHeader? = nil) {
        self.header = header
    }
}

/// Asks for a user's roles.
package struct AuthUserGetRequest: WireMessage {
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

/// A user's roles.
package struct AuthUserGetResponse: StoreResponse {
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

/// Asks for all users.
package struct AuthUserListRequest: EmptyMessage {
    package init() {}
}

/// The names of all users.
package struct AuthUserListResponse: StoreResponse {
    package var header: ResponseHeader?
    package var users: [String] = []

    package init() {}

    package init(header: ResponseHeader? = nil, users: [String] = []) {
        self.header = header
        self.users = users
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.users)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.users)
        default: try decoder.skip()
        }
    }
}

/// Deletes a user.
package struct AuthUserDeleteRequest: WireMessage {
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

/// Answer to the deletion of a user.
package struct AuthUserDeleteResponse: HeaderOnlyMessage {
    package var header: ResponseHeader?

    package init(header: ResponseHeader? = nil) {
        self.header = header
    }
}

/// Gives a user another password.
package struct AuthUserChangePasswordRequest: WireMessage {
    package var name = ""
    package var password = ""
    package var hashedPassword = ""

    package init() {}

    package init(name: String = "", password: String = "", hashedPassword: String = "") {
        self.name = name
        self.password = password
        self.hashedPassword = hashedPassword
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.name)
        encoder.write(2, self.password)
        encoder.write(3, self.hashedPassword)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.name)
        case 2: try decoder.read(&self.password)
        case 3: try decoder.read(&self.hashedPassword)
        default: try decoder.skip()
        }
    }
}

/// Answer to a change of password.
package struct AuthUserChangePasswordResponse: HeaderOnlyMessage {
    package var header: ResponseHeader?

    package init(header: ResponseHeader? = nil) {
        self.header = header
    }
}

/// Gives a user a role.
package struct AuthUserGrantRoleRequest: WireMessage {
    package var user = ""
    package var role = ""

    package init() {}

    package init(user: String = "", role: String = "") {
        self.user = user
        self.role = role
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.user)
        encoder.write(2, self.role)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.user)
        case 2: try decoder.read(&self.role)
        default: try decoder.skip()
        }
    }
}

/// Answer to the gift of a role.
package struct AuthUserGrantRoleResponse: HeaderOnlyMessage {
    package var header: ResponseHeader?

    package init(header: ResponseHeader? = nil) {
        self.header = header
    }
}

/// Takes a role from a user.
package struct AuthUserRevokeRoleRequest: WireMessage {
    package var name = ""
    package var role = ""

    package init() {}

    package init(name: String = "", role: String = "") {
        self.name = name
        self.role = role
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.name)
        encoder.write(2, self.role)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.name)
        case 2: try decoder.read(&self.role)
        default: try decoder.skip()
        }
    }
}

/// Answer to the loss of a role.
package struct AuthUserRevokeRoleResponse: HeaderOnlyMessage {
    package var header: ResponseHeader?

    package init(header: ResponseHeader? = nil) {
        self.header = header
    }
}
