// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import ProcessControl

/// The operations that one unit has asked for and that are not done, on this machine.
///
/// ```
/// spool/                        0700
///     lock                      taken for each change, by whoever makes it
///     worker.lock               held by the one worker
///     wake                      a fifo that rings for the worker
///     sequence                  the last number given
///     leaving                   there while the unit leaves: nothing is accepted or begun
///     requests/<number>         what is to be done, by number
///     arguments/<number>        what it is to be done with
///     failed/<number>           what has failed for good
/// ```
///
/// Each file is written as a whole (``AtomicFile``). The sequence is written before the request that
/// has its number, and the argument before the request that has it, so a crash leaves a gap in the
/// numbers or an argument without a request, and nothing else.
package struct Spool: Sendable {
    /// The most requests that may wait.
    package static let capacity = 1000
    /// The most failures that are kept.
    static let failureCapacity = 100
    /// The longest argument, in bytes.
    package static let maximumArgument = 1 << 20
    /// The longest name of an operation and of a dedupe key, in bytes.
    package static let maximumName = 255

    package let path: String

    package init(_ path: String) {
        self.path = path
    }

    /// Makes the folders.
    package func make() throws {
        for folder in ["requests", "arguments", "failed"] {
            try StateDirectory.make("\(self.path)/\(folder)")
        }
    }

    package var exists: Bool { unsafe access(self.path, F_OK) == 0 }

    // MARK: Asking

    package struct Order: Sendable {
        package var operation: String
        package var dedupe: String?
        package var argument: [UInt8]?
        package var maxRetry: Int?
        package var retryDeadline: Duration?
        /// For people only.
        package var requestedAt: String

        package init(
            operation: String,
            dedupe: String? = nil,
            argument: [UInt8]? = nil,
            maxRetry: Int? = nil,
            retryDeadline: Duration? = nil,
            requestedAt: String = ""
        ) {
            self.operation = operation
            self.dedupe = dedupe
            self.argument = argument
            self.maxRetry = maxRetry
            self.retryDeadline = retryDeadline
            self.requestedAt = requestedAt
        }
    }

    /// Writes a request down, or joins it with one of the same operation and dedupe key that nobody
    /// has begun: that one keeps its place and gets the newer argument.
    ///
    /// - Throws: ``ToolFailure`` if it cannot be accepted or written.
    package func add(_ order: Order) throws -> (request: SpoolRequest, isJoined: Bool) {
        try Self.check(order)
        return try self.changing {
            guard !self.isLeaving else {
                throw ToolFailure(
                    status: ExitStatus.busy,
                    message: "this unit is leaving; nothing is accepted any more"
                )
            }
            let waiting = try self.pending()
            if let key = order.dedupe,
                var twin = waiting.first(where: {
                    $0.isUntouched && $0.dedupe == key && $0.operation == order.operation
                })
            {
                try self.keep(order.argument, of: &twin)
                try self.write(twin)
                return (twin, true)
            }
            guard waiting.count < Self.capacity else {
                throw ToolFailure(
                    status: ExitStatus.busy,
                    message: "\(Self.capacity) operations wait already; see what keeps the worker "
                        + "with: rolling-lock requests"
                )
            }
            var request = SpoolRequest(
                sequence: try self.nextSequence(),
                operation: order.operation,
                requestedAt: order.requestedAt
            )
            request.dedupe = order.dedupe
            request.maxRetry = order.maxRetry
            request.retryDeadlineSeconds = order.retryDeadline?.inSeconds
            try self.keep(order.argument, of: &request)
            try self.write(request)
            return (request, false)
        }
    }

    private static func check(_ order: Order) throws {
        for (name, what) in [(order.operation, "operation"), (order.dedupe ?? "-", "dedupe key")] {
            guard !name.isEmpty, name.utf8.count <= Self.maximumName, !name.utf8.contains(0) else {
                throw ToolFailure.usage(
                    "the \(what) must be 1 to \(Self.maximumName) bytes without a zero"
                )
            }
        }
        guard (order.argument?.count ?? 0) <= Self.maximumArgument else {
            throw ToolFailure.usage(
                "the argument is larger than \(Self.maximumArgument >> 10) KiB; keep it in a file "
                    + "of your own and give that file's name"
            )
        }
    }

    private func keep(_ argument: [UInt8]?, of request: inout SpoolRequest) throws {
        if let argument {
            try AtomicFile.write(argument, to: self.argumentFile(request.sequence))
            request.hasArgument = true
        } else if request.hasArgument {
            request.hasArgument = false
            try self.write(request)
            try AtomicFile.remove(self.argumentFile(request.sequence))
        }
    }

    private func nextSequence() throws -> Int64 {
        let text = try AtomicFile.read(self.path + "/sequence").map {
            String(decoding: $0, as: UTF8.self)
        }
        let last = text.flatMap { Int64($0.prefix { $0 != "\n" }) } ?? 0
        // The files count too, should the number have been lost.
        let used = try (self.names(in: "requests") + self.names(in: "failed")).compactMap {
            Int64($0)
        }
        let next = max(last, used.max() ?? 0) + 1
        try AtomicFile.write(Array("\(next)\n".utf8), to: self.path + "/sequence")
        return next
    }

    // MARK: Reading

    /// What waits or is under way, first come first.
    package func pending() throws -> [SpoolRequest] { try self.requests(in: "requests") }

    /// What has failed for good, oldest first.
    package func failed() throws -> [SpoolRequest] { try self.requests(in: "failed") }

    /// The first of those that wait.
    package func head() throws -> SpoolRequest? {
        for name in try self.names(in: "requests") {
            if let request = try self.read("requests/" + name) { return request }
        }
        return nil
    }

    /// The file with a request's argument.
    package func argumentFile(_ sequence: Int64) -> String {
        "\(self.path)/arguments/\(Self.name(sequence))"
    }

    private func requests(in folder: String) throws -> [SpoolRequest] {
        try self.names(in: folder).compactMap { try self.read("\(folder)/\($0)") }
    }

    private func read(_ name: String) throws -> SpoolRequest? {
        let path = "\(self.path)/\(name)"
        guard let bytes = try AtomicFile.read(path) else { return nil }
        guard let request = try? JSONDecoder().decode(SpoolRequest.self, from: Data(bytes)),
            request.version == SpoolRequest.version
        else {
            throw ToolFailure.configuration(
                "\(path) is no request of this version of rolling-lock; move it away"
            )
        }
        return request
    }

    /// The names of the files that are requests, in the order of their numbers.
    private func names(in folder: String) throws -> [String] {
        let path = "\(self.path)/\(folder)"
        guard unsafe access(path, F_OK) == 0 else { return [] }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw ToolFailure.configuration("\(path) cannot be read; it must belong to this user")
        }
        // Drafts and whatever else lies there are none.
        return names.filter { $0.utf8.count == 19 && $0.utf8.allSatisfy { (48...57).contains($0) } }
            .sorted()
    }

    // MARK: Changing

    /// Changes a request that waits; nothing happens if it is gone.
    ///
    /// - Returns: The request as it is now.
    @discardableResult
    package func update(
        _ sequence: Int64,
        _ change: (inout SpoolRequest) -> Void
    ) throws -> SpoolRequest? {
        try self.changing {
            guard var request = try self.read("requests/" + Self.name(sequence)) else { return nil }
            change(&request)
            try self.write(request)
            return request
        }
    }

    /// The operation is done: nothing of it is kept.
    package func finish(_ sequence: Int64) throws {
        try self.changing {
            try AtomicFile.remove("\(self.path)/requests/\(Self.name(sequence))")
            try AtomicFile.remove(self.argumentFile(sequence))
        }
    }

    /// The operation has failed for good: it is kept apart.
    package func fail(_ sequence: Int64, _ reason: String, status: Int32?) throws {
        try self.changing {
            let name = Self.name(sequence)
            guard var request = try self.read("requests/" + name) else { return }
            request.isRunning = false
            request.pause = nil
            request.failure = reason
            request.lastStatus = status
            try self.write(request)
            try AtomicFile.move("\(self.path)/requests/\(name)", to: "\(self.path)/failed/\(name)")
            for old in try self.names(in: "failed").dropLast(Self.failureCapacity) {
                try self.forget(old)
            }
        }
    }

    /// Forgets a failure.
    ///
    /// - Returns: False if there is none of that number.
    package func forgetFailure(_ sequence: Int64) throws -> Bool {
        try self.changing {
            let name = Self.name(sequence)
            guard try self.names(in: "failed").contains(name) else { return false }
            try self.forget(name)
            return true
        }
    }

    /// Lets a failure wait again, in its old place, as if it had never been begun.
    ///
    /// - Returns: False if there is none of that number.
    package func retryFailure(_ sequence: Int64) throws -> Bool {
        try self.changing {
            let name = Self.name(sequence)
            guard let failed = try self.read("failed/" + name) else { return false }
            var request = SpoolRequest(
                sequence: sequence,
                operation: failed.operation,
                requestedAt: failed.requestedAt
            )
            request.dedupe = failed.dedupe
            request.hasArgument = failed.hasArgument
            request.maxRetry = failed.maxRetry
            request.retryDeadlineSeconds = failed.retryDeadlineSeconds
            try self.write(request)
            try AtomicFile.remove("\(self.path)/failed/\(name)")
            return true
        }
    }

    private func forget(_ failure: String) throws {
        try AtomicFile.remove("\(self.path)/failed/\(failure)")
        try AtomicFile.remove("\(self.path)/arguments/\(failure)")
    }

    private func write(_ request: SpoolRequest) throws {
        try AtomicFile.write(
            Array((JSONText.line(request) + "\n").utf8),
            to: "\(self.path)/requests/\(Self.name(request.sequence))"
        )
    }

    private func changing<Result>(_ change: () throws -> Result) throws -> Result {
        let lock = try FileLock(self.path + "/lock", waits: true)
        defer { withExtendedLifetime(lock) {} }
        return try change()
    }

    /// 19 digits, as many as the largest number has: names sort as numbers do.
    private static func name(_ sequence: Int64) -> String {
        let digits = "\(sequence)"
        return String(repeating: "0", count: max(0, 19 - digits.count)) + digits
    }

    // MARK: Leaving

    private var leavingFile: String { self.path + "/leaving" }

    /// True while the unit leaves.
    package var isLeaving: Bool { unsafe access(self.leavingFile, F_OK) == 0 }

    /// From now on nothing is accepted or begun.
    package func leave() throws {
        try self.changing { try AtomicFile.write([], to: self.leavingFile) }
        self.wake()
    }

    // MARK: The worker

    private var wakeFile: String { self.path + "/wake" }

    /// Rings for the worker.
    ///
    /// - Returns: False if none listens.
    @discardableResult
    package func wake() -> Bool {
        let descriptor = unsafe open(self.wakeFile, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var byte: UInt8 = 1
        // A full fifo rings already.
        _ = unsafe Glibc.write(descriptor, &byte, 1)
        return true
    }

    /// The end of the fifo that the worker listens at.
    package func openWake() throws -> Int32 {
        guard unsafe mkfifo(self.wakeFile, 0o600) == 0 || errno == EEXIST else {
            throw AtomicFile.failure("made", self.wakeFile)
        }
        // With both ends open it never comes to its end.
        let descriptor = unsafe open(self.wakeFile, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw AtomicFile.failure("opened", self.wakeFile) }
        return descriptor
    }

    /// Removes what a crash left between two files.
    package func sweep() throws {
        try self.changing {
            let used = try Set(self.names(in: "requests") + self.names(in: "failed"))
            for name in try self.names(in: "arguments") where !used.contains(name) {
                try AtomicFile.remove("\(self.path)/arguments/\(name)")
            }
        }
    }

    /// Takes the place of the one worker.
    ///
    /// - Returns: nil if there is one.
    package func lockWorker() throws -> FileLock? {
        try FileLock(self.path + "/worker.lock", waits: false)
    }
}
