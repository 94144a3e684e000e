// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Files that are either there as a whole or not at all, whatever happens to the machine.
///
/// What is written lies on the disk when the call returns, readable by its owner only.
package enum AtomicFile {
    /// The largest file that is read, in bytes.
    package static let maximumSize = 16 << 20

    /// Writes a file in the place of the one that may be there.
    ///
    /// - Throws: ``ToolFailure`` that names the file and the cause.
    package static func write(_ bytes: [UInt8], to path: String) throws {
        let draft = "\(path).\(getpid())-\(UInt32.random(in: .min ... .max)).draft"
        let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("written", path) }
        var isWritten = Self.write(bytes, to: descriptor) && fsync(descriptor) == 0
        let error = errno
        isWritten = close(descriptor) == 0 && isWritten
        guard isWritten, unsafe rename(draft, path) == 0 else {
            if isWritten == false { errno = error }
            let failure = Self.failure("written", path)
            unsafe unlink(draft)
            throw failure
        }
        try Self.settle(folderOf: path)
    }

    /// The bytes of a file, nil if there is none.
    ///
    /// - Throws: ``ToolFailure`` if it cannot be read, is too large, or may have been written by others.
    package static func read(_ path: String) throws -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Self.failure("read", path)
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ToolFailure.configuration("\(path) cannot be read: it is not a file")
        }
        guard status.st_uid == geteuid() || status.st_uid == 0, status.st_mode & 0o022 == 0 else {
            throw ToolFailure.configuration(
                "\(path) can be written by other users; remove it or run: chmod 600 \(path)"
            )
        }
        guard status.st_size <= Self.maximumSize else {
            throw ToolFailure.configuration(
                "\(path) is larger than \(Self.maximumSize >> 20) MiB"
            )
        }
        guard let bytes = Self.readAll(descriptor) else { throw Self.failure("read", path) }
        return bytes
    }

    /// Removes a file; nothing happens if there is none.
    package static func remove(_ path: String) throws {
        guard unsafe unlink(path) == 0 else {
            if errno == ENOENT { return }
            throw Self.failure("removed", path)
        }
        try Self.settle(folderOf: path)
    }

    /// Moves a file into another folder of the same disk.
    package static func move(_ path: String, to other: String) throws {
        guard unsafe rename(path, other) == 0 else { throw Self.failure("moved", path) }
        try Self.settle(folderOf: other)
        try Self.settle(folderOf: path)
    }

    /// Brings the names in a file's folder to the disk.
    private static func settle(folderOf path: String) throws {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        let folder = String(path[..<end])
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("written", folder) }
        defer { close(descriptor) }
        // Some file systems cannot sync a folder, and need not.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw Self.failure("written", folder)
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func readAll(_ descriptor: Int32) -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= Self.maximumSize {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return bytes }
            bytes += buffer.prefix(count)
        }
        return nil
    }

    /// The failure that `errno` tells of.
    static func failure(_ what: String, _ path: String) -> ToolFailure {
        .configuration(
            "\(path) cannot be \(what): \(unsafe String(cString: strerror(errno)))"
                + (errno == EACCES || errno == EROFS ? "; say --state-dir <folder>" : "")
        )
    }
}
