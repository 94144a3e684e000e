// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

func secureConfiguration() -> EtcdClient.Configuration {
    EtcdClient.Configuration(
        endpoints: ["https://10.0.0.1:2379", "https://10.0.0.2:2379"],
        tls: .init(
            certificateAuthorities: .file("/etc/etcd/ca.pem"),
            certificate: .file("/etc/etcd/client.pem"),
            privateKey: .file("/etc/etcd/client.key")
        )
    )
}
