// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

func mutualTLS(endpoints: [String], folder: String) -> EtcdClient.Configuration {
    EtcdClient.Configuration(
        endpoints: endpoints,
        tls: .init(
            certificateAuthorities: .file("\(folder)/ca.pem"),
            certificate: .file("\(folder)/client.pem"),
            privateKey: .file("\(folder)/client.key")
        )
    )
}

func withPassword(endpoints: [String], password: String) -> EtcdClient.Configuration {
    EtcdClient.Configuration(
        endpoints: endpoints,
        credentials: .init(user: "app", password: password)
    )
}

func changePassword(to password: String, _ client: EtcdClient) async throws {
    try await client.auth.changePassword(of: "root", to: password)
    try client.updateCredentials(.init(user: "root", password: password))
}

func withTokens(
    endpoints: [String],
    from source: @escaping @Sendable () async throws -> String
) -> EtcdClient.Configuration {
    EtcdClient.Configuration(endpoints: endpoints, credentials: .tokens(source))
}

func protect(_ client: EtcdClient, rootPassword: String, password: String) async throws {
    let auth = client.auth
    try await auth.addUser("root", password: rootPassword)
    try await auth.addRole("root")
    try await auth.grantRole("root", to: "root")
    try await auth.addUser("app", password: password)
    try await auth.addRole("app")
    try await auth.grant(EtcdPermission(.readWrite, .prefix("app/")), to: "app")
    try await auth.grantRole("app", to: "app")
    try await auth.enable()
}
