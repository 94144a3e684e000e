// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Decides when the source that several subscribers share is opened and closed.
///
/// ```
///              join                  opened
///   idle ────────────────▶ opening ───────────▶ running
///     ▲                       │                    │
///     └───────────────────────┴────────────────────┘
///                last one left, or ended
/// ```
///
/// Each opening has a number, so that what a source reports that was closed in the meantime does
/// not reach the subscribers of its successor.
struct SharedWatchStateMachine: ~Copyable {
    private enum State {
        case idle
        case opening
        case running
    }

    private var state: State = .idle
    private var members: Set<Int> = []
    private var lastMember = 0
    private(set) var generation = 0

    enum JoinAction: Equatable {
        /// Open the source, and wait for it.
        case open(generation: Int)
        /// The source is being opened: wait for it.
        case wait
        /// The source runs: begin at once.
        case begin
    }

    struct Joining: Equatable {
        /// The number of the new member.
        var member: Int
        var action: JoinAction
    }

    /// Somebody subscribes.
    mutating func join() -> Joining {
        self.lastMember += 1
        self.members.insert(self.lastMember)
        switch self.state {
        case .idle:
            self.state = .opening
            self.generation += 1
            return Joining(member: self.lastMember, action: .open(generation: self.generation))
        case .opening:
            return Joining(member: self.lastMember, action: .wait)
        case .running:
            return Joining(member: self.lastMember, action: .begin)
        }
    }

    enum LeaveAction: Equatable {
        /// Nobody is left: close the source.
        case close
        case none
    }

    /// A member wants no more; it may have left already.
    mutating func leave(_ member: Int) -> LeaveAction {
        guard self.members.remove(member) != nil, self.members.isEmpty else { return .none }
        self.state = .idle
        return .close
    }

    /// Whether what a source of this number reports still counts.
    func isCurrent(_ generation: Int) -> Bool {
        self.state != .idle && self.generation == generation
    }

    /// The source has opened.
    ///
    /// - Returns: The members that begin now.
    mutating func opened(_ generation: Int) -> [Int] {
        guard self.state == .opening, self.generation == generation else { return [] }
        self.state = .running
        return self.members.sorted()
    }

    /// The source has ended, or could not be opened.
    ///
    /// - Returns: The members, all of whom it concerns.
    mutating func ended(_ generation: Int) -> [Int] {
        guard self.isCurrent(generation) else { return [] }
        self.state = .idle
        defer { self.members = [] }
        return self.members.sorted()
    }
}
