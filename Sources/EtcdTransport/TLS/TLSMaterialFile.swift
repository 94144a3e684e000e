// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitLinux
import Glibc

/// The bytes of a certificate or key file, and what tells this version of the file from the next.
struct TLSMaterialFile {
    /// Changes whenever the file is replaced, rewritten or given other permissions.
    struct Stamp: Equatable {
        private let device: UInt64
        private let inode: UInt64
        private let size: Int64
        private let modified: [Int]
        private let changed: [Int]

        init(_ status: stat) {
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            size = Int64(status.st_size)
            modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
            changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
        }

        /// The stamp of the file that the path leads to now; nil when there is none.
        init?(path: String) {
            var status = stat()
            guard unsafe stat(path, &status) == 0 else {
                return nil
            }
            self.init(status)
        }

        /// Whether the file had been left alone for a moment when it was read.
        ///
        /// File times move in steps: a file that is written again right after it was read may keep
        /// them.
        func wasSettled(at read: timespec) -> Bool {
            let age = (read.tv_sec - changed[0]) * 1000 + (read.tv_nsec - changed[1]) / 1_000_000
            return age > 100
        }
    }

    /// Who may be allowed to read the file.
    enum Secrecy {
        case `public`
        /// Its owner; if that is root, its group too.
        case secret
    }

    let bytes: [UInt8]
    let stamp: Stamp

    /// No certificate bundle comes near this.
    private static let maximumSize = 16 << 20

    /// Reads the file, checking the very descriptor that is read.
    init(path: String, purpose: String, secrecy: Secrecy) throws(TLSFailure) {
        guard !path.isEmpty else {
            throw .emptyPath(purpose: purpose)
        }
        // O_NONBLOCK: opening a pipe must not wait for a writer.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw .unreadableFile(path: path, reason: Self.errorText(errno))
        }
        defer { _ = Glibc.close(descriptor) }

        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw .unreadableFile(path: path, reason: Self.errorText(errno))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .unreadableFile(path: path, reason: "it is not a regular file")
        }
        if secrecy == .secret, Self.isOpenToOthers(status) {
            throw .keyFileReadableByOthers(path: path)
        }
        guard status.st_size <= Self.maximumSize else {
            throw .unreadableFile(path: path, reason: "it is larger than 16 MiB")
        }
        bytes = try Self.read(descriptor, path: path, expectedSize: Int(status.st_size))
        stamp = Stamp(status)
    }

    /// Whether more than its owner may read the file, or its group where root owns it: keys that
    /// several services share belong to root and a group made for them (PostgreSQL's libpq draws
    /// the line there, too).
    private static func isOpenToOthers(_ status: stat) -> Bool {
        let forbidden =
            status.st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO
        return status.st_mode & forbidden != 0
    }

    private static func read(
        _ descriptor: Int32,
        path: String,
        expectedSize: Int
    ) throws(TLSFailure) -> [UInt8] {
        // One byte more than expected, so that the end of the file is seen.
        var bytes = [UInt8](repeating: 0, count: expectedSize + 1)
        var filled = 0
        while filled < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(
                    descriptor,
                    buffer.baseAddress.map { unsafe $0 + filled },
                    buffer.count - filled
                )
            }
            if count < 0, errno == EINTR {
                continue
            }
            guard count >= 0 else {
                throw .unreadableFile(path: path, reason: errorText(errno))
            }
            if count == 0 {
                bytes.removeLast(bytes.count - filled)
                return bytes
            }
            filled += count
        }
        throw .unreadableFile(path: path, reason: "it is being written to")
    }

    private static func errorText(_ code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        // 0: the text is in the buffer, terminated.
        guard unsafe strerror_r(code, &buffer, buffer.count) == 0 else {
            return "error \(code)"
        }
        let text = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: text, as: UTF8.self)
    }
}
