// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdTransport

/// A session with calls, and a server that says whatever it likes.
///
/// The input is a list of steps: a byte below 192 and one more than so many bytes from the server, or
/// another byte for something that the client does.
enum HTTP2Target {
    static func fuzz(_ input: [UInt8]) {
        let client = FuzzedClient()
        client.open(isFinished: true)
        client.open(isFinished: false)
        var isOpen = client.flush()
        var rest = input[...]
        while isOpen, let step = rest.popFirst() {
            if step < 192 {
                isOpen = client.receive(Array(rest.prefix(Int(step) + 1)))
                rest = rest.dropFirst(Int(step) + 1)
            } else {
                client.act(step)
            }
            isOpen = client.flush() && isOpen
        }
        client.end()
    }
}

/// What a connection does with its session, without a socket.
private final class FuzzedClient {
    private let session = HTTP2Session()
    private var calls: [GRPCCall] = []
    private var listeners: [Listener] = []

    func open(isFinished: Bool) {
        guard self.calls.count < 20 else { return }
        let listener = Listener()
        let call = GRPCCall(
            method: GRPCMethod(service: "s", method: "m"),
            metadata: .none,
            deadline: nil,
            message: isFinished ? [0, 0, 0, 0, 0, 1, 2, 3] : nil,
            receiveLimit: 1000
        )
        call.receiver = .stream { listener.receive($0) }
        self.calls.append(call)
        self.listeners.append(listener)
        guard call.begin() else { return }
        call.start(
            on: self.session,
            headers: HTTP2Headers([
                (":method", "POST"), (":scheme", "http"), (":path", "/s/m"),
                (":authority", "localhost"), ("content-type", "application/grpc"),
            ]),
            answers: AnswerLog(now: .now)
        )
    }

    func act(_ step: UInt8) {
        let call = self.calls[Int(step >> 3) % self.calls.count]
        switch step & 7 {
        case 0: self.open(isFinished: true)
        case 1: self.open(isFinished: false)
        case 2: call.cancel()
        case 3: call.send([0, 0, 0, 0, 0] + [UInt8](repeating: step, count: 20_000))
        case 4: call.finishSending()
        case 5: self.session.ping()
        case 6: _ = self.session.takeEvents()
        default: self.session.goAway()
        }
    }

    /// True if the session goes on.
    func receive(_ bytes: [UInt8]) -> Bool {
        let session = self.session
        let result = unsafe bytes.withUnsafeBytes { bytes in
            Result { try unsafe session.receive(bytes) }
        }
        if case .failure = result { return false }
        return true
    }

    /// Makes all that is to be sent; true if the session goes on.
    func flush() -> Bool {
        var count = 0
        do {
            while let bytes = unsafe try self.session.nextOutput() {
                count += bytes.count
                precondition(count < 16 << 20, "the output does not end")
            }
        } catch {
            return false
        }
        return !self.session.isFinished
    }

    func end() {
        for call in self.calls { call.connectionLost(.closedLocally) }
        for listener in self.listeners {
            precondition(listener.isClosed, "a call did not end with its connection")
        }
    }
}

/// Checks the order of events.
///
/// `@unchecked Sendable`: there is one thread.
private final class Listener: @unchecked Sendable {
    private(set) var isClosed = false
    private var isOpened = false

    func receive(_ event: GRPCStreamEvent) {
        precondition(!self.isClosed, "an event after the end")
        switch event {
        case .opened:
            precondition(!self.isOpened, "opened twice")
            self.isOpened = true
        case .message(let message):
            precondition(message.count <= 1000, "a message over the limit")
            precondition(self.isOpened, "a message before the headers")
        case .closed:
            self.isClosed = true
        }
    }
}
