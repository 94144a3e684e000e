// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit

extension Refusal {
    /// Errors of the catalogue that no server at hand can be brought to say, and why.
    static let notProvoked: [String: String] = [
        // Younger servers.
        "invalid sort option": "etcd 3.5.2 or newer; older ones ignore an order they do not know",
        "invalid client api version": "etcd 3.6 or newer, about a header this client does not send",
        "permission not given":
            "etcd 3.5.2 or newer; older ones crash of a grant without permission",
        "request canceled": "etcd 3.5.2 or newer, and only to a caller that has left",
        // Told only to a caller that has left.
        "watch canceled": "told only to a caller that has left",
        "context canceled": "told only to a caller that has left",
        "request cancelled": "told only to a caller that has left",
        // Wordings inside etcd that its servers translate before they answer.
        "lease not found": "translated to \"requested lease not found\"",
        "no space": "translated to \"database space exceeded\"",
        "user not found": "translated to \"user name not found\"",
        "user already exists": "translated to \"user name already exists\"",
        "role not found": "translated to \"role name not found\"",
        "role already exists": "translated to \"role name already exists\"",
        // Moments that cannot be held.
        "not capable": "only before the members of a new cluster have agreed on a version",
        "cluster version not found during downgrade":
            "only before the members of a new cluster have agreed on a version",
        "not a primary lessor": "only while a new leader has not taken its leases over yet",
        "waiting for node to catch up its applied index has timed out":
            "only from a leader that lags behind itself for seconds",
        "stopped": "only in the instant of a shutdown",
        "closed": "only in the instant of a shutdown",
        "grpc: trying to send message larger than max": "only for answers of more than 2 GiB",
        "server stopped": "a server that is told to stop waits for its calls, then hangs up",
        "cluster ID mismatch": "said between members only",
    ]
}
