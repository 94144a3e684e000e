// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What a script does to one member of a proxied cluster of three.
package enum Fault: String, Sendable, CaseIterable {
    /// kill -9, and a start on the same data after the duration.
    case kill
    /// SIGSTOP, and SIGCONT after the duration.
    case pause
    /// SIGSTOP of this and the next member: nobody leads meanwhile.
    case pauseTwo
    /// Isolated from the other members; clients reach it.
    case isolate
    /// It is made the leader; the next member is if it leads already.
    case moveLeader
    /// Its clients' connections are reset.
    case cut
    /// Nothing passes between it and its clients.
    case blackHole
    case blackHoleToServer
    case blackHoleToClient
    /// Its port takes no connections, and the open ones are reset.
    case refuse
    /// Every piece waits up to a quarter of a second.
    case delay
    /// Some kilobytes per second.
    case throttle
    /// One answer is thrown away.
    case dropAnswer
    /// Answers are held back for a moment and then lost with their connections: what was asked is
    /// done, and nobody is told.
    case loseAnswers
    /// One byte changes, in either direction. Nobody is bound to notice that in plain text, where it
    /// may as well change a value: for clusters with TLS only, where the connection must fail.
    case flipByte

    /// What happens to servers and between them, one at a time: two of three have to be left.
    package static let ofServers: [Fault] = [.kill, .pause, .pauseTwo, .isolate, .moveLeader]

    /// What happens between clients and a server.
    ///
    /// Lost answers come more often, as it takes some for one of a write.
    package static let ofConnections: [Fault] = [
        .cut, .blackHole, .blackHoleToServer, .blackHoleToClient, .refuse, .delay, .throttle,
        .dropAnswer, .loseAnswers, .loseAnswers, .loseAnswers,
    ]
}
