// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What a scripted server saw its client do.
package enum ScriptedEvent: Sendable, Hashable {
    case connected
    case settings
    case settingsAcknowledged
    case request(stream: Int32, headers: [ScriptedHeader])
    case data(stream: Int32, bytes: [UInt8])
    case endOfStream(Int32)
    case reset(stream: Int32, code: UInt32)
    /// Both sides of the stream are done, or it was reset by one of them.
    case streamClosed(Int32)
    case ping
    case pingAcknowledged
    case windowUpdate(stream: Int32, increment: Int)
    case goAway(code: UInt32)
    /// Bytes that are not HTTP/2, or came to a server that does not look at them.
    case raw([UInt8])
    case disconnected
}

/// One header field.
package struct ScriptedHeader: Sendable, Hashable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}
