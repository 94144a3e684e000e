// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

extension EtcdEvent {
    init(_ event: Event) {
        self.init(
            kind: event.type == .delete ? .delete : .put,
            keyValue: EtcdKeyValue(event.kv ?? KeyValue()),
            previous: event.prevKV.map { EtcdKeyValue($0) }
        )
    }
}

extension EtcdWatchBatch {
    init(_ item: WatchMailbox.Item) {
        switch item {
        case .events(let events, let revision):
            self.init(
                kind: .events,
                revision: EtcdRevision(revision),
                events: events.map { EtcdEvent($0) }
            )
        case .progress(let revision):
            self.init(kind: .progress, revision: EtcdRevision(revision))
        case .resumed(let revision):
            self.init(kind: .resumed, revision: EtcdRevision(revision))
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
