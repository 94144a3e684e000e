// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

extension EtcdEvent {
    /// - Throws: ``EtcdError`` when the key is not one of the namespace.
    init(_ event: Event, in namespace: KeyNamespace?) throws(EtcdError) {
        var event = event
        if let namespace { try event.leave(namespace) }
        self.init(
            kind: event.type == .delete ? .delete : .put,
            keyValue: EtcdKeyValue(event.kv ?? KeyValue()),
            previous: event.prevKV.map { EtcdKeyValue($0) }
        )
    }
}

extension EtcdWatchBatch {
    /// - Throws: ``EtcdError`` when a key is not one of the namespace.
    init(_ item: WatchMailbox.Item, in namespace: KeyNamespace?) throws(EtcdError) {
        switch item {
        case .events(let events, let header):
            self.init(
                kind: .events,
                header: header,
                events: try events.map { event throws(EtcdError) in
                    try EtcdEvent(event, in: namespace)
                }
            )
        case .coalesced(let events, let header):
            try self.init(.events(events, header: header), in: namespace)
            self.isCoalesced = true
        case .progress(let header):
            self.init(kind: .progress, header: header)
        case .resumed(let header):
            self.init(kind: .resumed, header: header)
        }
    }
}

extension WatchCreateRequest {
    init(_ range: EtcdKeyRange, _ options: EtcdWatchOptions) {
        var filters: [FilterType] = []
        if options.excludesPuts { filters.append(.noPut) }
        if options.excludesDeletes { filters.append(.noDelete) }
        self.init(
            key: range.start,
            rangeEnd: range.wireEnd,
            startRevision: options.startRevision?.rawValue ?? 0,
            progressNotify: options.progressNotifications,
            filters: filters,
            prevKV: options.includePrevious
        )
    }
}
