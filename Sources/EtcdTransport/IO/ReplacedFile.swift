// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A file that appears under its name only when it is whole.
///
/// It is written aside, in the same folder and for the owner's eyes only (mode 0600), and takes its
/// name, from an older file if there is one, when it is safely on the disk. Until then nothing but
/// the file aside is there, and that goes with ``discard()`` or with the object.
///
/// What has the name must be a regular file, if anything: devices, pipes and symbolic links, which
/// would be replaced rather than written to, are refused.
///
/// Disks block: every method does its work on a thread of its own (``BlockingWork``), never on the
/// event loop's and never on one of Swift's. One task uses it at a time.
package final class ReplacedFile: Sendable {
    private let path: String
    private let partPath: String
    private let descriptor: FileDescriptor
    private let folder: FileDescriptor
    /// The file aside has got its name, or is gone.
    private let isSettled = Atomic<Bool>(false)

    private init(
        path: String,
        partPath: String,
        descriptor: consuming FileDescriptor,
        folder: consuming FileDescriptor
    ) {
        self.path = path
        self.partPath = partPath
        self.descriptor = descriptor
        self.folder = folder
    }

    deinit {
        self.removePart()
    }

    /// Creates the file aside.
    package static func create(at path: String) async throws(FileFailure) -> ReplacedFile {
        let body: @Sendable () throws(FileFailure) -> ReplacedFile = { () throws(FileFailure) in
            try Self.createNow(at: path)
        }
        return try await BlockingWork.run(body, noThread: FileFailure.noThread(path))
    }

    /// Appends to the file aside.
    package func write(_ bytes: [UInt8]) async throws(FileFailure) {
        let body: @Sendable () throws(FileFailure) -> Void = { () throws(FileFailure) in
            try self.writeNow(bytes)
        }
        try await BlockingWork.run(body, noThread: FileFailure.noThread(self.path))
    }

    /// Brings the file to the disk and gives it its name.
    package func commit() async throws(FileFailure) {
        let body: @Sendable () throws(FileFailure) -> Void = { () throws(FileFailure) in
            try self.commitNow()
        }
        try await BlockingWork.run(body, noThread: FileFailure.noThread(self.path))
    }

    /// Removes the file aside.
    package func discard() async {
        let body: @Sendable () throws(FileFailure) -> Void = { self.removePart() }
        // Without a thread it is removed with the object.
        try? await BlockingWork.run(body, noThread: FileFailure.noThread(self.path))
    }
}

// MARK: - On the thread for it

extension ReplacedFile {
    private static func createNow(at path: String) throws(FileFailure) -> ReplacedFile {
        guard !path.isEmpty, path.last != "/", !path.utf8.contains(0) else {
            throw FileFailure(doing: "create", path, SystemError(number: EINVAL))
        }
        // Else the name would be found taken only when all is written.
        try Self.checkWhatIsThere(at: path)
        // A random name: others may write the same file at the same time, and each is whole.
        let partPath = "\(path).\(UInt64.random(in: .min ... .max)).part"
        do throws(SystemError) {
            // Not when the file has its name already, where a failure could undo nothing.
            let folder = FileDescriptor(
                owning: try retryingInterrupts {
                    unsafe open(Self.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                }
            )
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
            let descriptor = FileDescriptor(
                owning: try retryingInterrupts { unsafe open(partPath, flags, 0o600) }
            )
            let file = ReplacedFile(
                path: path,
                partPath: partPath,
                descriptor: descriptor,
                folder: folder
            )
            // The umask may have taken away from the mode.
            _ = try retryingInterrupts { fchmod(file.descriptor.rawValue, 0o600) }
            return file
        } catch {
            throw FileFailure(doing: "create", path, error)
        }
    }

    private func writeNow(_ bytes: [UInt8]) throws(FileFailure) {
        var written = 0
        while written < bytes.count {
            do throws(SystemError) {
                written += try retryingInterrupts {
                    unsafe bytes.withUnsafeBytes { buffer in
                        let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[written...])
                        return unsafe Glibc.write(
                            self.descriptor.rawValue,
                            rest.baseAddress,
                            rest.count
                        )
                    }
                }
            } catch {
                throw FileFailure(doing: "write", self.path, error)
            }
        }
    }

    private func commitNow() throws(FileFailure) {
        try Self.checkWhatIsThere(at: self.path)
        do throws(SystemError) {
            _ = try retryingInterrupts { fsync(self.descriptor.rawValue) }
            _ = try retryingInterrupts { unsafe rename(self.partPath, self.path) }
        } catch {
            throw FileFailure(doing: "write", self.path, error)
        }
        self.isSettled.store(true, ordering: .relaxed)
        // The file is whole and has its name, so to call this a failure would be wrong. What a crash
        // of the machine could still bring back is the older file, whole as well. Some file systems
        // do not offer this for folders at all.
        _ = try? retryingInterrupts { fsync(self.folder.rawValue) }
    }

    private func removePart() {
        guard !self.isSettled.exchange(true, ordering: .relaxed) else { return }
        _ = unsafe unlink(self.partPath)
    }

    /// Where a file is.
    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Refuses what must not be replaced by a file.
    private static func checkWhatIsThere(at path: String) throws(FileFailure) {
        var status = stat()
        // What cannot be looked at cannot be replaced either, and the system says why.
        guard unsafe lstat(path, &status) == 0 else { return }
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            return
        case S_IFDIR:
            throw FileFailure(doing: "create", path, SystemError(number: EISDIR))
        case S_IFLNK:
            throw FileFailure(replacing: path, "a symbolic link, give the path it leads to")
        default:
            throw FileFailure(replacing: path, "a device, a pipe or a socket")
        }
    }
}

/// A file that could not be written.
package struct FileFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(doing what: String, _ path: String, _ error: SystemError) {
        self.description = "cannot \(what) \(path): \(error)"
    }

    fileprivate init(replacing path: String, _ what: String) {
        self.description = "cannot create \(path): there is something that is no file: \(what)"
    }

    static func noThread(_ path: String) -> FileFailure {
        FileFailure(doing: "write", path, SystemError(number: EAGAIN))
    }
}
