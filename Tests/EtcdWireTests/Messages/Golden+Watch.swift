// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

extension Golden {
    static let watch: [Golden] = [
        Golden(
            "etcdserverpb.WatchRequest",
            #"create_request { key: "k" }"#,
            WatchRequest(request: .create(WatchCreateRequest(key: Array("k".utf8)))),
            "0a030a016b"
        ),
        Golden(
            "etcdserverpb.WatchRequest",
            "cancel_request { watch_id: 3 }",
            WatchRequest(request: .cancel(WatchCancelRequest(watchID: 3))),
            "12020803"
        ),
        Golden(
            "etcdserverpb.WatchRequest",
            "progress_request { }",
            WatchRequest(request: .progress(WatchProgressRequest())),
            "1a00"
        ),
        Golden(
            "etcdserverpb.WatchCreateRequest",
            #"key: "k" range_end: "\000" start_revision: 5 progress_notify: true filters: NODELETE filters: NOPUT prev_kv: true watch_id: -1 fragment: true"#,
            WatchCreateRequest(
                key: Array("k".utf8),
                rangeEnd: [0],
                startRevision: 5,
                progressNotify: true,
                filters: [.noDelete, .noPut],
                prevKV: true,
                watchID: -1,
                fragment: true
            ),
            "0a016b120100180520012a020100300138ffffffffffffffffff014001"
        ),
        Golden(
            "etcdserverpb.WatchCancelRequest",
            "watch_id: 9",
            WatchCancelRequest(watchID: 9),
            "0809"
        ),
        Golden("etcdserverpb.WatchProgressRequest", "", WatchProgressRequest(), ""),
        Golden(
            "etcdserverpb.WatchResponse",
            #"header { revision: 7 } watch_id: 1 created: true canceled: true compact_revision: 6 cancel_reason: "étcd" fragment: true events { kv { key: "a" } } events { type: DELETE }"#,
            WatchResponse(
                header: ResponseHeader(revision: 7),
                watchID: 1,
                created: true,
                canceled: true,
                compactRevision: 6,
                cancelReason: "étcd",
                fragment: true,
                events: [Event(kv: KeyValue(key: Array("a".utf8))), Event(type: .delete)]
            ),
            """
            0a02180710011801200128063205c3a974636438015a0512030a01615a020801
            """
        ),
    ]
}
