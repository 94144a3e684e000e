// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

enum Stored: Equatable {
    case done
    case wasThere
    case unknown
}

func store(_ key: String, _ value: String, _ client: EtcdClient) async throws -> Stored {
    let transaction = EtcdTransaction().when(.isAbsent(key)).then(.put(key, value))
    do {
        return try await client.commit(transaction).succeeded ? .done : .wasThere
    } catch let error as EtcdError where error.code == .ambiguous {
        // If nobody else writes this value, the key tells.
        let found = try await client.get(key)
        guard let found else { return .unknown }
        return found.value == EtcdBytes(value) ? .done : .wasThere
    }
}

func explain(_ error: EtcdError) -> String {
    switch error.code {
    case .permissionDenied, .unauthenticated, .authenticationFailed:
        "ask for access: \(error.message)"
    case .noSpace:
        "the cluster is full"
    case .unsupported:
        "the server is too old: \(error.message)"
    case _ where error.isRetryable:
        "try again later: \(error)"
    default:
        "\(error)"
    }
}
