// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Where one unit keeps what must survive its processes, for one lock.
///
/// ```
/// <state dir>/<cluster id>/<lock>/<unit>/      0700
///     hold.json, hold.lock                     a lock that was detached
///     spool/                                   operations that were asked for, see Spool
/// ```
package struct StateDirectory: Sendable {
    /// The longest name of a file that is made out of a name.
    private static let maximumElement = 200

    package let path: String

    /// Names the folder; nothing is made.
    ///
    /// - Parameters:
    ///   - base: The folder for all locks and units.
    ///   - clusterID: The cluster.
    ///   - lock: The lock.
    ///   - unit: The unit.
    package init(base: String, clusterID: String, lock: String, unit: String) {
        let elements = [clusterID, lock, unit].map(Self.element)
        self.path = ([base] + elements).joined(separator: "/")
    }

    /// The folder for all locks and units, unless one is given: `/var/lib/rolling-lock` for root,
    /// otherwise below `$XDG_STATE_HOME` or `~/.local/state`.
    package static func defaultBase(
        environment: [String: String],
        isRoot: Bool = geteuid() == 0
    ) throws -> String {
        if isRoot { return "/var/lib/rolling-lock" }
        if let home = environment["XDG_STATE_HOME"], home.hasPrefix("/") {
            return home + "/rolling-lock"
        }
        if let home = environment["HOME"], home.hasPrefix("/") {
            return home + "/.local/state/rolling-lock"
        }
        throw ToolFailure.configuration(
            "there is no folder for the state: neither $XDG_STATE_HOME nor $HOME is set; "
                + "say --state-dir <folder>"
        )
    }

    /// The file that tells of the detached lock.
    var holdFile: String { self.path + "/hold.json" }

    /// Where the operations are.
    var spoolPath: String { self.path + "/spool" }

    /// True if the folder is there.
    var exists: Bool { unsafe access(self.path, F_OK) == 0 }

    /// Makes the folder and those above, readable by the owner only.
    ///
    /// - Throws: ``ToolFailure`` if that cannot be, or if others may write to it.
    package func make() throws { try Self.make(self.path) }

    static func make(_ path: String) throws {
        var made = ""
        for element in path.split(separator: "/", omittingEmptySubsequences: true) {
            made += (made.isEmpty && !path.hasPrefix("/") ? "" : "/") + element
            guard unsafe mkdir(made, 0o700) == 0 || errno == EEXIST || errno == EROFS else {
                throw AtomicFile.failure("made", made)
            }
        }
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw AtomicFile.failure("made", path)
        }
        guard status.st_uid == geteuid() || status.st_uid == 0, status.st_mode & 0o022 == 0 else {
            throw ToolFailure.configuration(
                "\(path) belongs to another user or can be written by others; run: "
                    + "chown $(id -u) \(path); chmod 700 \(path)"
            )
        }
    }

    /// Makes sure that no other process works on the detached lock meanwhile.
    ///
    /// - Throws: ``ToolFailure`` with status 82 if one does.
    func lockHold() throws -> FileLock {
        guard let lock = try self.tryLockHold() else {
            throw ToolFailure(
                status: ExitStatus.busy,
                message: "another rolling-lock acquire, resume, release or leave works for this "
                    + "unit and lock; wait for it, or end it"
            )
        }
        return lock
    }

    /// As ``lockHold()``, nil if another process works on it.
    func tryLockHold() throws -> FileLock? {
        try FileLock(self.path + "/hold.lock", waits: false)
    }

    /// A name as the name of a file: what is no letter, digit, `-`, `_` or `.` within is written as
    /// `%xx`, and what is too long ends in a digest of the whole.
    static func element(_ name: String) -> String {
        var text = ""
        for (index, byte) in name.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: ".") where index > 0:
                text += "."
            default:
                text += (byte < 16 ? "%0" : "%") + String(byte, radix: 16)
            }
        }
        guard text.utf8.count > Self.maximumElement else { return text }
        // FNV-1a: it only has to tell names apart that nobody chose to collide.
        let digest = name.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        return text.prefix(Self.maximumElement - 17) + "~" + String(digest, radix: 16)
    }
}
