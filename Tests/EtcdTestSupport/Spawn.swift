// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitSpawn
import Glibc

/// Starts a program in a process group of its own, with signals as a shell would set them.
func spawn(
    _ program: String,
    _ arguments: [String],
    _ environment: [String: String],
    input: Int32? = nil,
    output: String,
    error: String
) throws -> Int32 {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    if let input {
        unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
    } else {
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    let create = O_WRONLY | O_CREAT | O_APPEND
    unsafe posix_spawn_file_actions_addopen(&actions, 1, output, create, 0o600)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, error, create, 0o600)
    // A child that lives long would else keep sockets open that were accepted a moment ago and not
    // marked yet: closing them here would then go unnoticed at the other end.
    unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)

    // The threads of Swift's and Dispatch's pools block signals, and children inherit that.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    unsafe sigemptyset(&none)
    var all = sigset_t()
    unsafe sigfillset(&all)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

    var processID: Int32 = 0
    let code = unsafe withCStrings([program] + arguments) { argv in
        unsafe withCStrings(environment.map { "\($0.key)=\($0.value)" }) { envp in
            unsafe posix_spawn(&processID, program, &actions, &attributes, argv, envp)
        }
    }
    guard code == 0 else { throw POSIXFailure(call: "start \(program)", code: code) }
    return processID
}

private func withCStrings<R>(
    _ strings: [String],
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
) -> R {
    var pointers = unsafe strings.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    defer { unsafe pointers.forEach { unsafe free($0) } }
    return unsafe pointers.withUnsafeBufferPointer { buffer in
        // An array with at least the terminator has an address.
        unsafe body(buffer.baseAddress.unsafelyUnwrapped)
    }
}

/// A shell that removes a folder when this process has ended.
enum Watchdog {
    static func removeAtExit(_ path: String) throws {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0, fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0 else {
            throw POSIXFailure(call: "pipe", code: errno)
        }
        defer { close(ends[0]) }
        // The write end stays open until the process is gone. Children killed at that moment may
        // still write for an instant, hence the second pass.
        let script = #"trap "" INT TERM HUP; read x; rm -rf "$1"; sleep 0.3; rm -rf "$1""#
        _ = try spawn(
            "/bin/sh",
            ["-c", script, "etcdkit-cleanup", path],
            [:],
            input: ends[0],
            output: "/dev/null",
            error: "/dev/null"
        )
    }
}
