// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import EtcdWire

// Short ways to write the messages of a transcript.

extension WatchRequest {
    static func creating(_ wireID: Int64, from start: Int64 = 0) -> WatchRequest {
        WatchRequest(
            request: .create(
                WatchCreateRequest(
                    key: [7],
                    startRevision: start,
                    watchID: wireID,
                    fragment: true
                )
            )
        )
    }

    static var progress: WatchRequest {
        WatchRequest(request: .progress(WatchProgressRequest()))
    }

    static func cancelling(_ wireID: Int64) -> WatchRequest {
        WatchRequest(request: .cancel(WatchCancelRequest(watchID: wireID)))
    }
}

extension WatchCreateRequest {
    static func from(_ start: Int64) -> WatchCreateRequest {
        WatchCreateRequest(key: [7], startRevision: start)
    }

    static var fromNow: WatchCreateRequest { .from(0) }
}

extension WatchResponse {
    static func created(
        _ wireID: Int64,
        at revision: Int64,
        cluster: UInt64 = 1
    ) -> WatchResponse {
        WatchResponse(
            header: ResponseHeader(clusterID: cluster, revision: revision),
            watchID: wireID,
            created: true
        )
    }

    static func refused(_ wireID: Int64, _ reason: String) -> WatchResponse {
        WatchResponse(
            header: ResponseHeader(clusterID: 1, revision: 5),
            watchID: wireID,
            created: true,
            canceled: true,
            cancelReason: reason
        )
    }

    static func cancelled(_ wireID: Int64, _ reason: String = "") -> WatchResponse {
        WatchResponse(
            header: ResponseHeader(clusterID: 1, revision: 5),
            watchID: wireID,
            canceled: true,
            cancelReason: reason
        )
    }

    static func compacted(_ wireID: Int64, at revision: Int64) -> WatchResponse {
        WatchResponse(
            header: ResponseHeader(clusterID: 1, revision: 5),
            watchID: wireID,
            canceled: true,
            compactRevision: revision
        )
    }

    static func events(
        _ wireID: Int64,
        _ revisions: Int64...,
        fragment: Bool = false
    ) -> WatchResponse {
        WatchResponse(
            header: ResponseHeader(clusterID: 1, revision: revisions.last ?? 0),
            watchID: wireID,
            fragment: fragment,
            events: revisions.map { .at($0) }
        )
    }

    static func progress(_ wireID: Int64, at revision: Int64) -> WatchResponse {
        WatchResponse(
            header: ResponseHeader(clusterID: 1, revision: revision),
            watchID: wireID
        )
    }
}

extension Event {
    static func at(_ revision: Int64) -> Event {
        Event(type: .put, kv: KeyValue(key: [7], modRevision: revision))
    }
}

extension EtcdResponseHeader {
    static func at(_ revision: Int64) -> EtcdResponseHeader {
        EtcdResponseHeader(
            clusterID: 1,
            memberID: 1,
            revision: EtcdRevision(revision),
            raftTerm: 1
        )
    }
}

extension WatchStateMachine {
    mutating func received(_ response: WatchResponse) -> ReceiveAction {
        self.received(response, byteCount: 10, credentials: .none)
    }

    /// A machine with an open stream, on which the acknowledgement of a removed watch 1 is due.
    static func open() -> WatchStateMachine {
        var machine = WatchStateMachine(fragmentByteLimit: 100)
        _ = machine.add(WatchHandle(0), .fromNow, seen: 0)
        _ = machine.streamOpened()
        _ = machine.remove(WatchHandle(0))
        return machine
    }
}
