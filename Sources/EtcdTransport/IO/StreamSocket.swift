// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitLinux
import Glibc

/// A non-blocking TCP socket.
struct StreamSocket: ~Copyable {
    private let descriptor: FileDescriptor

    var rawValue: Int32 { self.descriptor.rawValue }

    private init(owning descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }

    /// Starts to connect.
    ///
    /// Once it is writable, ``pendingError`` tells the outcome.
    static func connecting(to address: SocketAddress) throws(SystemError) -> StreamSocket {
        let type =
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            | Int32(SOCK_CLOEXEC.rawValue)
        let stream = StreamSocket(
            owning: FileDescriptor(
                owning: try retryingInterrupts { socket(address.family, type, 0) }
            )
        )
        stream.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        // Unacknowledged data for this long ends the connection, also when no stream is watched.
        stream.set(Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, 20_000)
        let result = unsafe address.bytes.withUnsafeBytes { bytes in
            unsafe connect(
                stream.rawValue,
                bytes.assumingMemoryBound(to: sockaddr.self).baseAddress,
                socklen_t(bytes.count)
            )
        }
        if result != 0 {
            let error = SystemError.current
            // Interrupted means that it goes on in the background.
            if error.number != EINPROGRESS && error.number != EINTR {
                throw error
            }
        }
        return stream
    }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        // Options are improvements: a kernel that refuses one still connects.
        _ = unsafe setsockopt(
            self.descriptor.rawValue,
            level,
            option,
            &value,
            socklen_t(MemoryLayout<Int32>.size)
        )
    }

    /// The outcome of connecting, or a failure that the kernel noticed since; nil if there is none.
    var pendingError: SystemError? {
        var number: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        _ = unsafe getsockopt(self.descriptor.rawValue, SOL_SOCKET, SO_ERROR, &number, &length)
        return number == 0 ? nil : SystemError(number: number)
    }

    /// The number of bytes read, 0 at the end of the stream, nil if it would block.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int? {
        do throws(SystemError) {
            return try retryingInterrupts {
                unsafe Glibc.recv(
                    self.descriptor.rawValue,
                    buffer.baseAddress,
                    buffer.count,
                    0
                )
            }
        } catch {
            if error.number == EAGAIN {
                return nil
            }
            throw error
        }
    }

    /// The number of bytes written, nil if it would block.
    func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int? {
        do throws(SystemError) {
            return try retryingInterrupts {
                unsafe Glibc.send(
                    self.descriptor.rawValue,
                    bytes.baseAddress,
                    bytes.count,
                    Int32(MSG_NOSIGNAL)
                )
            }
        } catch {
            if error.number == EAGAIN {
                return nil
            }
            throw error
        }
    }
}
