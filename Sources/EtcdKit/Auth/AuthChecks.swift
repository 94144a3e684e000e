// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

// What etcd would refuse, or worse, take for something else, is refused before it is sent.

extension EtcdAuth {
    static func check(user name: String) throws(EtcdError) {
        guard !name.isEmpty else {
            throw EtcdError(code: .invalidArgument, message: "the user name is empty")
        }
    }

    static func check(role name: String) throws(EtcdError) {
        guard !name.isEmpty else {
            throw EtcdError(code: .invalidArgument, message: "the role name is empty")
        }
    }

    /// etcd would take an empty password, and with it everybody who knows the user's name.
    static func check(password: String) throws(EtcdError) {
        guard !password.isEmpty else {
            throw EtcdError(
                code: .invalidArgument,
                message:
                    "the password is empty; a user for client certificates is added without one"
            )
        }
    }
}

extension EtcdKeyRange {
    /// Servers store a permission on no keys, and some then grant other keys by it.
    func checkForGrant() throws(EtcdError) {
        try self.checkForRequest()
        guard !self.isEmpty else {
            throw EtcdError(
                code: .invalidArgument,
                message:
                    "the range of the permission holds no keys; its end must come after its start"
            )
        }
    }
}
