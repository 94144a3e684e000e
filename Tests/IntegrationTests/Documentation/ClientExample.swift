// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

func tour(endpoint: String) async throws {
    try await withEtcdClient(configuration: .init(endpoints: [endpoint])) { client in
        try await client.put("app/color", "green")
        guard let color = try await client.get("app/color") else { return }
        print(color.value.string ?? "not text")  // green

        // Only if nobody has changed it since.
        let swapped = try await client.commit(
            EtcdTransaction()
                .when(.isUnchanged(color))
                .then(.put("app/color", "blue"))
                .otherwise(.get("app/color"))
        )
        print(swapped.succeeded)  // true

        // A key that lives as long as this process renews its lease.
        try await client.withLease(ttl: .seconds(10)) { lease in
            try await client.put("app/alive/me", "", lease: lease.id)
            print(lease.ttl)  // 10.0 seconds
        }

        let watch = try await client.watch(.prefix("app/"))
        try await client.put("app/size", "12")
        for try await batch in watch {
            print(batch.revision, batch.events.count)
            break
        }
    }
}
