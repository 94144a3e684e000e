// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Files that come into being all together, each as a whole.
///
/// A reader sees the former file or the new one, never a part. Without `replaces` a file that is
/// there is never touched, also when another process makes it at the same moment.
struct NewFiles {
    /// Takes the place of what is there.
    var replaces: Bool
    private var files: [(path: String, bytes: [UInt8], mode: mode_t)] = []

    init(replaces: Bool) {
        self.replaces = replaces
    }

    /// Adds a file.
    mutating func add(_ bytes: [UInt8], at path: String, mode: mode_t) {
        self.files.append((path, bytes, mode))
    }

    /// Writes all of them; when one fails, those that were not there before are removed again.
    func write() throws {
        if !self.replaces {
            for file in self.files where unsafe access(file.path, F_OK) == 0 {
                throw Self.alreadyThere(file.path)
            }
        }
        var made: [String] = []
        do {
            for file in self.files {
                try self.write(file.bytes, to: file.path, mode: file.mode)
                if !self.replaces { made.append(file.path) }
            }
        } catch {
            for path in made { _ = unsafe unlink(path) }
            throw error
        }
    }

    private func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws {
        let draft = "\(path).\(getpid()).new"
        // 0600 until it is complete, whatever the umask.
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        let descriptor = unsafe open(draft, flags, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path) }
        defer { _ = unsafe unlink(draft) }
        do {
            defer { _ = close(descriptor) }
            try Self.write(bytes, to: descriptor, path)
            guard fchmod(descriptor, mode) == 0, fsync(descriptor) == 0 else {
                throw Self.failure(path)
            }
        }
        if self.replaces {
            guard unsafe rename(draft, path) == 0 else { throw Self.failure(path) }
        } else {
            // Unlike a renamed file, a link takes no other's place.
            guard unsafe link(draft, path) == 0 else {
                if errno == EEXIST { throw Self.alreadyThere(path) }
                throw Self.failure(path)
            }
        }
        Self.syncFolder(of: path)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(path) }
            rest = rest.dropFirst(count)
        }
    }

    /// Makes the names last; a file system that cannot is no failure.
    private static func syncFolder(of path: String) {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = fsync(descriptor)
        _ = close(descriptor)
    }

    private static func alreadyThere(_ path: String) -> ToolFailure {
        ToolFailure(
            status: ExitStatus.cannotCreate,
            message: "\(path) is there already; --force replaces it"
        )
    }

    private static func failure(_ path: String) -> ToolFailure {
        ToolFailure(
            status: ExitStatus.cannotCreate,
            message: "\(path) cannot be written: \(unsafe String(cString: strerror(errno)))"
        )
    }
}
