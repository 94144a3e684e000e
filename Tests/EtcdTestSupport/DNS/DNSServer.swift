// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// A name server on 127.0.0.1 that knows the SRV records a test gives it, over UDP and TCP.
package final class DNSServer: Sendable {
    package struct Record: Sendable, Hashable {
        package var priority: UInt16
        package var weight: UInt16
        package var port: UInt16
        package var target: String

        package init(
            priority: UInt16 = 0,
            weight: UInt16 = 0,
            port: UInt16,
            target: String
        ) {
            self.priority = priority
            self.weight = weight
            self.port = port
            self.target = target
        }
    }

    private struct State {
        var records: [String: [Record]] = [:]
        var questions: [String] = []
        var streamCount = 0
        var isStopped = false
    }

    package let port: UInt16
    private let state: Box
    private let timeToLive: UInt32
    private let datagrams: Int32
    private let streams: Int32

    /// Keeps the state for the server's thread as well.
    private final class Box: Sendable {
        let value = Mutex(State())
    }

    /// Starts to answer.
    ///
    /// - Parameter timeToLive: That of all records, in seconds.
    /// - Throws: `POSIXFailure` if there is no port to be had.
    package init(timeToLive: UInt32 = 60) throws {
        let port = try LoopbackPort.free()
        let streams = try LoopbackPort.listen(on: port)
        let datagrams = try LoopbackPort.datagrams(on: port)
        let state = Box()
        self.port = port
        self.streams = streams
        self.datagrams = datagrams
        self.state = state
        self.timeToLive = timeToLive
        Thread.detachNewThread {
            Self.serve(datagrams, streams, state, timeToLive)
        }
    }

    deinit {
        self.state.value.withLock { $0.isStopped = true }
    }

    /// The records of a name, such as `_etcd-client._tcp.example.test`, from now on.
    package func set(_ name: String, _ records: [Record]) {
        self.state.value.withLock { $0.records[name.lowercased()] = records }
    }

    /// The names asked for so far.
    package var questions: [String] { self.state.value.withLock { $0.questions } }

    /// How many questions came over TCP.
    package var streamCount: Int { self.state.value.withLock { $0.streamCount } }

    private static func serve(
        _ datagrams: Int32,
        _ streams: Int32,
        _ state: Box,
        _ timeToLive: UInt32
    ) {
        defer {
            close(datagrams)
            close(streams)
        }
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !state.value.withLock({ $0.isStopped }) {
            var descriptors = [
                pollfd(fd: datagrams, events: Int16(POLLIN), revents: 0),
                pollfd(fd: streams, events: Int16(POLLIN), revents: 0),
            ]
            _ = unsafe poll(&descriptors, 2, 100)
            if descriptors[0].revents != 0 {
                var address = sockaddr_storage()
                var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
                unsafe withUnsafeMutablePointer(to: &address) { pointer in
                    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                        let count = unsafe recvfrom(
                            datagrams,
                            &buffer,
                            buffer.count,
                            0,
                            pointer,
                            &length
                        )
                        guard count > 0 else { return }
                        let question = Array(buffer[..<count])
                        let reply = Self.answer(question, state, timeToLive, limit: 512)
                        _ = unsafe sendto(datagrams, reply, reply.count, 0, pointer, length)
                    }
                }
            }
            if descriptors[1].revents != 0, let stream = LoopbackPort.accept(on: streams) {
                state.value.withLock { $0.streamCount += 1 }
                let count = unsafe recv(stream, &buffer, buffer.count, 0)
                if count > 2 {
                    let question = Array(buffer[2..<count])
                    let reply = Self.answer(question, state, timeToLive, limit: 65_535)
                    let bytes = Self.bytes(UInt16(reply.count)) + reply
                    _ = unsafe send(stream, bytes, bytes.count, Int32(MSG_NOSIGNAL))
                }
                close(stream)
            }
        }
    }

    private static func answer(
        _ question: [UInt8],
        _ state: Box,
        _ timeToLive: UInt32,
        limit: Int
    ) -> [UInt8] {
        var labels: [String] = []
        var offset = 12
        while offset < question.count, question[offset] > 0 {
            let size = Int(question[offset])
            guard offset + 1 + size <= question.count else { return [] }
            labels.append(
                String(decoding: question[(offset + 1)..<(offset + 1 + size)], as: UTF8.self)
            )
            offset += 1 + size
        }
        guard offset + 5 <= question.count else { return [] }
        let name = labels.joined(separator: ".").lowercased()
        let records = state.value.withLock { state in
            state.questions.append(name)
            return state.records[name]
        }
        let asked = question[12..<(offset + 5)]
        let answers = (records ?? []).map { Self.encoded($0, timeToLive) }
        let isCut = 12 + asked.count + answers.reduce(0) { $0 + $1.count } > limit
        // A reply, recursion desired and available; cut, or no such domain, as the case may be.
        let flags: UInt16 = 0x8180 | (isCut ? 0x0200 : 0) | (records == nil ? 3 : 0)
        let count = isCut ? 0 : UInt16(answers.count)
        let head = question[..<2] + Self.bytes(flags) + Self.bytes(1) + Self.bytes(count)
        return head + [0, 0, 0, 0] + asked + (isCut ? [] : answers.flatMap { $0 })
    }

    private static func encoded(_ record: Record, _ timeToLive: UInt32) -> [UInt8] {
        var data = self.bytes(record.priority) + self.bytes(record.weight) + self.bytes(record.port)
        for label in record.target.split(separator: ".") {
            data += [UInt8(label.utf8.count)] + label.utf8
        }
        data.append(0)
        // The name is the one at offset 12; type SRV, class IN.
        return [0xc0, 12] + self.bytes(33) + self.bytes(1)
            + self.bytes(UInt16(timeToLive >> 16)) + self.bytes(UInt16(timeToLive & 0xffff))
            + self.bytes(UInt16(data.count)) + data
    }

    private static func bytes(_ number: UInt16) -> [UInt8] {
        [UInt8(number >> 8), UInt8(number & 0xff)]
    }
}
