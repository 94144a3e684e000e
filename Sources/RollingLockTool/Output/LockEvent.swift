// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import FoundationEssentials
import ProcessControl
import RollingLock

/// One thing that happened to a run, as it is printed: a line of text or a line of JSON.
struct LockEvent: Encodable, Sendable {
    enum Kind: String, Encodable, Sendable {
        case waiting, holder, paused, granted, started, woken, suspect, stopping, lost, ended,
            releasing
        case released, frozen, interrupted, failed
        case detached, confirmed, resumed, nothing, left
        case listening, begun, done, retrying, healthy, ill, stopped
        case gaveUp = "gave_up"
        case notReady = "not_ready"
        case interruptedOperation = "interrupted_operation"
    }

    let event: Kind
    /// Wall-clock time, for people.
    let time: String
    /// ``BootClock``, for measuring between processes of one machine.
    let boottimeNs: Int64
    var lock: String?
    var unit: String?
    /// Who holds the lock, and since when that unit has stood in the queue.
    var holder: String?
    var since: String?
    /// The number of tickets ahead.
    var place: Int?
    /// The units ahead, the holder first.
    var ahead: [String]?
    var fencingToken: Int64?
    var lease: String?
    var key: String?
    /// Seconds from the request to the grant.
    var waited: Double?
    /// Seconds from the grant on.
    var held: Double?
    var processGroup: Int32?
    var status: Int32?
    var signal: Int32?
    var reason: String?
    /// Whether it is a freeze that keeps a ticket waiting.
    var frozen: Bool?
    /// Seconds for which a detached lock stays held.
    var remaining: Double?
    /// Whether the machine was booted since the lock was detached.
    var rebooted: Bool?
    /// The number, name and attempt of an operation that was asked for.
    var sequence: Int64?
    var operation: String?
    var attempt: Int?
    /// Seconds until something is tried again.
    var retryIn: Double?
    /// Whether the lock is kept until then.
    var keepsLock: Bool?

    init(_ event: Kind) {
        self.event = event
        self.boottimeNs = BootClock.nanoseconds
        self.time = Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    private enum CodingKeys: String, CodingKey {
        case event, time, lock, unit, holder, since, place, ahead, lease, key, status, signal,
            reason, frozen, rebooted, sequence, operation, attempt
        case retryIn = "retry_in_s"
        case keepsLock = "keeps_lock"
        case boottimeNs = "boottime_ns"
        case fencingToken = "fencing_token"
        case waited = "waited_s"
        case held = "held_s"
        case processGroup = "process_group"
        case remaining = "remaining_s"
    }
}

extension LockEvent {
    /// The event as a line for people, nil where they need none.
    func text(verbose: Bool) -> String? {
        let lock = self.lock ?? ""
        switch self.event {
        case .waiting:
            let ahead = (self.ahead ?? []).map { $0.printable }
            guard let holder = ahead.first else { return "waiting for lock \(lock)" }
            let others = ahead.dropFirst()
            let rest = others.isEmpty ? "" : ", then \(others.joined(separator: ", "))"
            return "waiting for lock \(lock) at place \(self.place ?? ahead.count): held by "
                + holder + rest
        case .holder:
            let reason = self.reason.map { ", for: \($0.printable)" } ?? ""
            return "\(self.holder?.printable ?? "?") asked at \(self.since ?? "?")\(reason)"
        case .paused: return "waiting for lock \(lock): \(self.reason?.printable ?? "")"
        case .woken: return "a command that holds a lock cannot be suspended; it goes on"
        case .granted:
            let wait = self.waited.map { DurationText.format(.seconds($0)) } ?? "?"
            return "lock \(lock) granted after \(wait), fencing token \(self.fencingToken ?? 0)"
        case .started:
            return verbose ? "command started, process group \(self.processGroup ?? 0)" : nil
        case .suspect: return "lease renewals are overdue: \(self.reason ?? "")"
        case .stopping: return "stopping the command: \(self.reason ?? "")"
        case .lost: return "lock \(lock) lost: \(self.reason ?? "")"
        case .ended: return verbose ? "command ended with status \(self.status ?? 0)" : nil
        case .releasing: return nil
        case .released:
            return "lock \(lock) released"
                + (self.held.map { " after \(DurationText.format(.seconds($0)))" } ?? "")
        case .frozen: return "lock \(lock) is frozen: \(self.reason?.printable ?? "")"
        case .interrupted: return "interrupted by signal \(self.signal ?? 0)"
        case .failed: return self.reason
        case .detached:
            return
                "lock \(lock) is held without a process for \(self.remainingText), fencing token "
                + "\(self.fencingToken ?? 0); resume or release it"
        case .confirmed:
            return "lock \(lock) is still held\(self.rebootText), for \(self.remainingText) more, "
                + "fencing token \(self.fencingToken ?? 0)"
        case .resumed:
            return "lock \(lock) taken over\(self.rebootText), fencing token "
                + "\(self.fencingToken ?? 0)"
        case .left: return "this unit has left lock \(lock)"
        case .listening: return "waiting for requests"
        case .begun: return "\(self.operationText): attempt \(self.attempt ?? 0)"
        case .done: return "\(self.operationText): done"
        case .retrying:
            return
                "\(self.operationText): \(self.reason ?? ""); trying again in \(self.retryText), "
                + (self.keepsLock == true ? "keeping the lock" : "behind the others")
        case .gaveUp: return "\(self.operationText) has failed: \(self.reason ?? "")"
        case .notReady:
            return "not ready: \(self.reason ?? "")"
                + (self.retryIn == nil ? "" : "; asking again in \(self.retryText)")
        case .healthy: return verbose ? "the post-check says yes" : nil
        case .ill: return "the post-check says no again: \(self.reason ?? "")"
        case .stopped: return "stopped"
        case .interruptedOperation: return "\(self.operationText): interrupted"
        case .nothing: return "nothing is recorded as held by this unit"
        }
    }

    /// True for what is told even with `--quiet`.
    var isAlarm: Bool {
        switch self.event {
        case .stopping, .lost, .failed, .gaveUp, .frozen: true
        case .waiting, .holder, .paused, .granted, .started, .woken, .suspect, .ended, .releasing,
            .released, .interrupted, .detached, .confirmed, .resumed, .nothing, .left,
            .listening, .begun, .done, .retrying, .notReady, .healthy, .ill, .stopped,
            .interruptedOperation:
            false
        }
    }

    private var operationText: String {
        "request \(self.sequence ?? 0) (\(self.operation?.printable ?? ""))"
    }

    private var retryText: String {
        self.retryIn.map { DurationText.format(.seconds($0)) } ?? "?"
    }

    private var remainingText: String {
        self.remaining.map { DurationText.format(.seconds($0)) } ?? "?"
    }

    private var rebootText: String { self.rebooted == true ? " after a reboot" : "" }
}

extension LockEvent {
    /// Fills in what a grant tells.
    mutating func describe(_ hold: RollingLockHold, waited: Duration) {
        self.waited = waited.inSeconds
        self.fencingToken = hold.fencingToken.rawValue
        self.lease = "\(hold.leaseID)"
        self.key = hold.key.string
    }
}

extension String {
    /// The text with control characters replaced: others wrote it, and a terminal obeys some.
    var printable: String {
        String(
            String.UnicodeScalarView(
                self.unicodeScalars.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator: "\u{FFFD}"
                    default: scalar
                    }
                }
            )
        )
    }
}
