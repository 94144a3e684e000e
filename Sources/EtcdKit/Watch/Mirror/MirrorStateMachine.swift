// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Decides what a mirror does next: list, watch, or list again, and what that tells its consumer.
///
/// ```
///   bookmark given ──▶ recalling ─────────────────────────┐
///                          │ compacted                    │ last page
///                          ▼                              ▼
///   no bookmark ──────▶ listing ──────────────────▶ opening ────▶ watching
///                        ▲   ▲       last page            │          │
///                        └───┤ compacted                  │          │
///                            └──────────── history lost ──┴──────────┘
/// ```
///
/// What keeps the promise:
/// - All pages of a listing show the revision of the first one. A listing that is interrupted goes
///   on at its revision; if that was compacted away it is begun anew at a later one, and what was
///   delivered of it is part of the memory and need not be taken back.
/// - The memory always is what the consumer has, so the difference to a listing is exact: what is
///   newer is a put, what is absent a deletion, and what is the same is nothing.
/// - The watch begins with the revision of the listing, not behind it: servers before 3.4.36 and
///   3.5.18 serve a watch that begins at the revision of a compaction without the deletions at that
///   revision. From one before it they refuse. What the listing had already is left out here.
/// - Only when a revision was too large for the watch the next one begins behind the listing: that
///   may be at the very same revision, which would be too large again and again.
struct MirrorStateMachine: ~Copyable {
    private struct Listing {
        /// Whether the consumer's picture is empty when it begins.
        var isSnapshot: Bool
        /// The revision of the first page; nil before it.
        var revision: EtcdRevision?
        /// The last key that was read.
        var last: EtcdBytes?
    }

    private enum State {
        case recalling(last: EtcdBytes?)
        case listing(Listing)
        case opening
        case watching
        case over
    }

    /// How many listings in a row may be overtaken by compactions.
    private static let largestOvertakings = 8

    private var state: State
    private var memory: MirrorMemory
    /// The revision at which the consumer's picture is complete; 0 if it never was.
    private var bookmark: EtcdRevision
    private var overtakings = 0
    /// Whether the revision of the bookmark may be one that is too large for a watch.
    private var isBookmarkTooLarge = false
    /// Whether the mirror has worked before, so that passing failures are waited out.
    private var isEstablished = false

    /// Makes the machine of a mirror.
    ///
    /// - Parameters:
    ///   - bookmark: The revision of the picture that the consumer has, if it has one.
    ///   - keepsValues: Whether events shall carry what was there before.
    init(bookmark: EtcdRevision?, keepsValues: Bool) {
        self.memory = MirrorMemory(keepsValues: keepsValues)
        self.bookmark = bookmark ?? 0
        self.state = bookmark == nil ? .listing(Listing(isSnapshot: true)) : .recalling(last: nil)
    }

    /// What to read in pages.
    struct Reading: Equatable {
        /// The key behind which it begins; nil for the beginning of the range.
        var after: EtcdBytes?
        /// The revision to read at; nil for the newest.
        var revision: EtcdRevision?
        var keysOnly: Bool
    }

    enum Step: Equatable {
        /// Begin to read this, or go on with it, and report the next page by ``received(page:)``
        /// or ``readFailed(_:)``, after which reading begins again.
        case read(Reading)
        /// Open a watch that begins with this revision and report ``watchOpened()`` or
        /// ``watchFailed(_:)``.
        case watch(from: EtcdRevision)
        /// Wait for the next batch of the watch and report it.
        case receive
        /// The mirror has ended.
        case stop
    }

    /// What has to be done now; asking changes nothing.
    var step: Step {
        switch self.state {
        case .recalling(let last):
            .read(
                Reading(
                    after: last,
                    revision: self.bookmark,
                    keysOnly: !self.memory.keepsValues
                )
            )
        case .listing(let listing):
            .read(Reading(after: listing.last, revision: listing.revision, keysOnly: false))
        case .opening:
            .watch(from: self.isBookmarkTooLarge ? self.bookmark.next : self.bookmark)
        case .watching:
            .receive
        case .over:
            .stop
        }
    }

    /// The consumer wants no more, or the mirror has failed.
    mutating func stop() {
        self.state = .over
    }
}

// MARK: - Pages

extension MirrorStateMachine {
    enum PageAction: Equatable {
        case deliver(EtcdChangeBatch)
        /// The consumer knows all of it.
        case none
        /// The store is at this revision, which is before that of the consumer's picture.
        case failBehind(EtcdRevision)
    }

    /// A page was read.
    mutating func received(page: EtcdPage) -> PageAction {
        switch self.state {
        case .recalling(let last):
            for keyValue in page.keyValues { self.memory.recall(keyValue) }
            let next = page.keyValues.last?.key ?? last
            self.state = page.isLast ? .opening : .recalling(last: next)
            return .none
        case .listing(let listing):
            return self.received(page, of: listing)
        case .opening, .watching, .over:
            return .none
        }
    }

    private mutating func received(_ page: EtcdPage, of listing: Listing) -> PageAction {
        var listing = listing
        let revision = page.revision
        guard revision >= self.bookmark else {
            self.state = .over
            return .failBehind(revision)
        }
        if listing.revision == nil { self.memory.beginListing() }
        var events = page.keyValues.compactMap { self.memory.list($0) }
        let kind: EtcdChangeBatch.Kind = listing.isSnapshot ? .snapshot : .relisting
        guard page.isLast else {
            listing.revision = revision
            listing.last = page.keyValues.last?.key ?? listing.last
            self.state = .listing(listing)
            return events.isEmpty ? .none : .deliver(EtcdChangeBatch(kind: kind, events: events))
        }
        events += self.memory.endListing(at: revision)
        self.bookmark = revision
        self.overtakings = 0
        self.isEstablished = true
        self.state = .opening
        return .deliver(EtcdChangeBatch(kind: kind, events: events, bookmark: revision))
    }
}

// MARK: - Failures

extension MirrorStateMachine {
    enum Failure: Equatable {
        /// The revisions needed were compacted away.
        case compacted
        /// What the server sent exceeds a limit.
        case tooLarge
        /// Anything else, and whether it may pass.
        case other(isPassing: Bool)
    }

    enum FailureAction: Equatable {
        /// Go on with what ``MirrorStateMachine/step`` says.
        case goOn
        /// The same after a pause.
        case goOnLater
        /// The mirror has failed.
        case fail
    }

    /// A page could not be read.
    mutating func readFailed(_ failure: Failure) -> FailureAction {
        switch (self.state, failure) {
        case (.recalling, .compacted):
            // What the consumer has cannot be found out any more: it has to begin anew.
            self.memory.removeAll()
            self.state = .listing(Listing(isSnapshot: true))
            return .goOn
        case (.listing, .compacted):
            self.overtakings += 1
            guard self.overtakings <= Self.largestOvertakings else { return self.fail() }
            self.state = .listing(Listing(isSnapshot: false))
            return .goOnLater
        case (_, .other(isPassing: true)):
            return self.isEstablished ? .goOnLater : self.fail()
        case (_, .other(isPassing: false)), (_, .tooLarge),
            (.opening, .compacted), (.watching, .compacted), (.over, .compacted):
            return self.fail()
        }
    }

    /// The watch could not be opened, or has ended.
    mutating func watchFailed(_ failure: Failure) -> FailureAction {
        switch failure {
        case .compacted:
            self.isBookmarkTooLarge = false
            self.state = .listing(Listing(isSnapshot: false))
            return .goOn
        case .tooLarge:
            // A listing in pages also gets past a revision that is too large for one message.
            self.isBookmarkTooLarge = true
            self.state = .listing(Listing(isSnapshot: false))
            return .goOnLater
        case .other(let isPassing):
            guard isPassing, self.isEstablished else { return self.fail() }
            self.state = .opening
            return .goOnLater
        }
    }

    private mutating func fail() -> FailureAction {
        self.state = .over
        return .fail
    }
}

// MARK: - Watch

extension MirrorStateMachine {
    /// The server has acknowledged the watch.
    mutating func watchOpened() {
        self.isEstablished = true
        self.state = .watching
    }

    /// The watch has reported something.
    ///
    /// - Returns: What to deliver; nil if the consumer knows all of it.
    mutating func received(_ batch: EtcdWatchBatch) -> EtcdChangeBatch? {
        switch batch.kind {
        case .events:
            let fresh = batch.events.filter { $0.revision > self.bookmark }
            guard let last = fresh.last else { return nil }
            // Not the batch's revision, which is ahead while the watch catches up.
            self.bookmark = last.revision
            self.isBookmarkTooLarge = false
            let events = fresh.map { self.memory.apply($0) }
            return EtcdChangeBatch(kind: .changes, events: events, bookmark: self.bookmark)
        case .progress:
            guard batch.revision > self.bookmark else { return nil }
            self.bookmark = batch.revision
            self.isBookmarkTooLarge = false
            return EtcdChangeBatch(kind: .progress, bookmark: self.bookmark)
        case .resumed:
            return nil
        }
    }
}
