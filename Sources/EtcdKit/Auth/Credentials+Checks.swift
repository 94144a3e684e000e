// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdClient.Credentials {
    /// Whether tokens are to be got for them, and again when one is refused.
    var canBeExchanged: Bool {
        switch self.kind {
        case .password, .tokens: true
        case .token: false
        }
    }

    /// The token that they are.
    var givenToken: String? {
        if case .token(let token) = self.kind { token } else { nil }
    }

    func check() throws(EtcdError) {
        switch self.kind {
        case .password(let user, _) where user.isEmpty:
            throw EtcdError(
                code: .invalidArgument,
                message: "the user of the credentials is empty; give a name, or no credentials"
            )
        case .token(let token) where !token.isSendableToken:
            throw EtcdError(
                code: .invalidArgument,
                message: "the token of the credentials is empty or has a space, a line break or "
                    + "another character that cannot be sent; give nothing but the token"
            )
        case .password, .token, .tokens:
            break
        }
    }
}

extension String {
    /// Whether it can be the value of a request header as it is.
    var isSendableToken: Bool {
        !self.isEmpty && self.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
