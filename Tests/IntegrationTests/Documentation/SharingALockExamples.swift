// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import RollingLock

func rackByRack(_ client: EtcdClient, unit: String, rack: String) throws -> RollingLock {
    var configuration = RollingLock.Configuration(clusterID: "blue", unit: unit)
    configuration.limits = try .percent(25, ofUnits: 20)
    configuration.group = EtcdBytes(rack)
    return try RollingLock(client: client, configuration: configuration)
}
