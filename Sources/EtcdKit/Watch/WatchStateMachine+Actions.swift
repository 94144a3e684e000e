// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

// What the machine wants to be done, and what it is told beside the messages themselves.

// MARK: - The client's side

extension WatchStateMachine {
    enum StartAction: Equatable {
        /// Open a stream and report ``WatchStateMachine/streamOpened()`` or
        /// ``WatchStateMachine/streamClosed()``.
        case openStream
        /// Send this on the stream.
        case send(WatchRequest)
        /// A stream is on its way, or the watch does not need one.
        case none
        /// The client was shut down.
        case refuse
    }

    enum CancelAction: Equatable {
        /// Send this on the stream.
        case send(WatchRequest)
        /// The server does not know the watch.
        case none
    }
}

extension WatchStateMachine {
    enum ProgressAction: Equatable {
        /// Send this on the stream.
        case send(WatchRequest)
        /// No server knows the watch at the moment.
        case none
    }
}

// MARK: - The stream's side

extension WatchStateMachine {
    enum CloseAction: Equatable {
        /// Open another stream.
        case openStream
        /// No watch needs one.
        case none
    }
}

// MARK: - Responses

extension WatchStateMachine {
    /// Why a watch is over.
    enum End: Equatable {
        /// The server no longer has the revisions below this one.
        case compacted(Int64)
        /// The server refused to create the watch, or ended it later.
        case cancelled(reason: String)
        /// One revision is larger than the limit for joined fragments.
        case tooLarge(limit: Int)
        /// Another cluster answered: revisions mean nothing there.
        case clusterChanged
    }

    /// What is known of the credentials of the stream.
    enum Credentials: Equatable {
        /// The client has none, or identifies itself by a certificate only.
        case none
        /// The stream was opened with a token just now.
        case fresh
        /// The token may have expired: a refusal says nothing yet.
        case aged
    }

    enum ReceiveAction: Equatable {
        /// Hand the events, which came in so many bytes, to the consumer.
        case deliver(WatchHandle, events: [Event], revision: Int64, byteCount: Int)
        /// Tell these consumers how far the server has come, if they want to hear it.
        case progress([WatchHandle], revision: Int64)
        /// Tell these consumers, who have asked, how far the server has come.
        case answer([WatchHandle], revision: Int64)
        /// The server has created the watch.
        case acknowledged(WatchHandle, revision: Int64)
        /// The server has created the watch again.
        case resumed(WatchHandle, revision: Int64, wasInterrupted: Bool)
        /// The watch is over. If there is a request, send it.
        case finish(WatchHandle, End, WatchRequest?)
        /// Send this.
        case send(WatchRequest)
        /// Close the stream, forget the token, report ``WatchStateMachine/streamClosed()``.
        case renewCredentials
        /// The server does not keep to the protocol: close the stream and report
        /// ``WatchStateMachine/streamClosed()``.
        case closeStream(reason: String)
        /// Nothing to do.
        case ignore(Ignored)
    }

    /// Why a response means nothing.
    enum Ignored: Equatable {
        /// It concerns a watch that nobody wants any more.
        case unknownWatch
        /// It is the beginning of something larger.
        case fragment
        /// Everything in it was delivered before.
        case stale
        /// It is an answer, but there was no question.
        case notAskedFor
        /// It means another creation, which waits for others to be acknowledged.
        case delayed
    }
}
