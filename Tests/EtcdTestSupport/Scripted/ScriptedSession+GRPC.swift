// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension ScriptedSession {
    /// Headers with which a gRPC server begins an answer.
    package static let answerHeaders = [
        ScriptedHeader(":status", "200"), ScriptedHeader("content-type", "application/grpc"),
    ]

    /// Trailers with which it ends one.
    package static func statusTrailers(_ code: Int = 0, message: String = "") -> [ScriptedHeader] {
        [ScriptedHeader("grpc-status", "\(code)"), ScriptedHeader("grpc-message", message)]
    }

    /// A message behind its prefix.
    package static func framed(_ message: [UInt8]) -> [UInt8] {
        let count = UInt32(message.count)
        return [0] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) } + message
    }

    package func sendAnswerHeaders(on stream: Int32) {
        sendHeaders(Self.answerHeaders, on: stream)
    }

    package func sendMessage(_ message: [UInt8], on stream: Int32) {
        sendData(Self.framed(message), on: stream)
    }

    package func sendStatus(_ code: Int = 0, message: String = "", on stream: Int32) {
        sendTrailers(Self.statusTrailers(code, message: message), on: stream)
    }

    /// The whole answer to a unary call.
    package func answer(_ stream: Int32, with message: [UInt8]) {
        sendAnswerHeaders(on: stream)
        sendMessage(message, on: stream)
        sendStatus(on: stream)
    }

    /// A refusal, in one frame of headers ("trailers-only").
    package func refuse(_ stream: Int32, code: Int, message: String) {
        sendHeaders(
            Self.answerHeaders + Self.statusTrailers(code, message: message),
            on: stream,
            endsStream: true
        )
    }
}
