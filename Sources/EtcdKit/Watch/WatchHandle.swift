// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The name of a watch inside the client.
///
/// It stays the same for the life of the watch, unlike its ID on the wire, which is a new one each
/// time the watch is created on a stream.
struct WatchHandle: Hashable, Sendable, Comparable {
    let number: Int

    init(_ number: Int) {
        self.number = number
    }

    static func < (left: WatchHandle, right: WatchHandle) -> Bool {
        left.number < right.number
    }
}
