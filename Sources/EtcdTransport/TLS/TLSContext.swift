// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

package import Logging
import Synchronization

/// The certificates, key and rules that a client's TLS connections share.
///
/// Files are read when the context is made, and again when one of them has changed since:
/// certificates may be rotated under a running client. The new files are taken together or not at
/// all; as long as they do not fit (a rotation may be half done) the old ones serve on.
package final class TLSContext: Sendable {
    private struct State {
        var material: TLSMaterial
        /// Counts the sets of files that were taken.
        var generation: UInt64 = 1
        var refusal: TLSRefusedFiles?
        var lastReload: Int?
        var lastFailure: TLSStatus.Failure?
        /// The generation whose certificate was said to be near its end.
        var announcedEnd: UInt64?
    }

    private let configuration: TLSConfiguration
    private let logger: Logger?
    private let state: Mutex<State>

    /// Reads the files.
    ///
    /// - Parameters:
    ///   - configuration: where certificates and key come from.
    ///   - logger: where to tell what becomes of files that change.
    /// - Throws: A `TLSFailure` when a file cannot be used.
    package init(_ configuration: TLSConfiguration, logger: Logger? = nil) throws(TLSFailure) {
        self.configuration = configuration
        self.logger = logger
        let material = try TLSMaterial(loading: configuration)
        try material.checkOwnValidity()
        state = Mutex(State(material: material))
        announceEnd()
    }

    /// Whether there is a client certificate to show.
    var presentsCertificate: Bool {
        configuration.certificateChain != nil
    }

    /// Whether time may change something: files may be replaced, a certificate comes to its end.
    var needsAttention: Bool {
        presentsCertificate || !configuration.filePaths.isEmpty
    }

    /// Which set of files is in use; a later one has a higher number.
    package var generation: UInt64 {
        state.withLock { $0.generation }
    }

    /// How certificates stand.
    package var status: TLSStatus {
        state.withLock { state in
            TLSStatus(
                certificateEnd: state.material.own?.certificate.lifetime?.upperBound,
                commonName: state.material.own?.certificate.facts.commonName,
                lastReload: state.lastReload,
                lastFailure: state.lastFailure
            )
        }
    }

    /// What a new connection is to be made with, and the number of that set of files.
    func handleForNewConnection() throws(TLSFailure) -> (TLSContextHandle, generation: UInt64) {
        refresh()
        let (material, generation, refusal) = state.withLock {
            ($0.material, $0.generation, $0.refusal)
        }
        do throws(TLSFailure) {
            try material.checkOwnValidity()
        } catch {
            // What is wrong with the successor explains more than that this one is spent.
            throw refusal?.failure ?? error
        }
        return (material.handle, generation)
    }

    package enum Refresh: Equatable {
        /// The files in use are those on the disk.
        case current
        /// There are other files, which do not fit; more so far than a writer takes between two.
        case refused
        /// The same, since a moment ago: somebody may be writing them.
        case unsettled
    }

    /// Takes other files than those in use if there are any, and if they fit.
    ///
    /// Reads from the disk.
    @discardableResult
    package func refresh(now: ContinuousClock.Instant = .now) -> Refresh {
        announceEnd()
        let stamps = configuration.currentStamps()
        guard state.withLock({ !$0.material.isMade(of: stamps) }) else {
            // Who has put the old files back has mended what was wrong with the others.
            state.withLock { $0.refusal = nil }
            return .current
        }
        do throws(TLSFailure) {
            let material = try TLSMaterial(loading: configuration)
            try material.checkOwnValidity()
            take(material)
            return .current
        } catch {
            return refused(error, stamps, now: now)
        }
    }

    private func take(_ material: TLSMaterial) {
        let isNew = state.withLock { state in
            let isNew = material.digest != state.material.digest
            state.refusal = nil
            if isNew {
                state.generation += 1
                state.lastReload = WallClock.seconds
                state.material = material
            } else {
                state.material.adoptStamps(of: material)
            }
            return isNew
        }
        guard isNew else { return }
        logger?.info(
            "certificates were replaced; new connections use the new ones",
            metadata: ["files": "\(configuration.filePaths.joined(separator: ", "))"]
        )
        announceEnd()
    }

    private func refused(
        _ failure: TLSFailure,
        _ stamps: TLSMaterial.Stamps,
        now: ContinuousClock.Instant
    ) -> Refresh {
        let (isSettled, mustTell) = state.withLock { state in
            var refusal = state.refusal ?? TLSRefusedFiles(failure, since: now)
            let mustTell = refusal.refused(again: failure, stamps, now: now)
            state.refusal = refusal
            if mustTell { state.lastFailure = .init(time: WallClock.seconds, reason: failure) }
            return (refusal.isSettled(at: now), mustTell)
        }
        if mustTell {
            logger?.warning(
                "certificates were changed and cannot be used; the old ones stay in use",
                metadata: ["reason": "\(failure)"]
            )
        }
        return isSettled ? .refused : .unsettled
    }

    /// Says once of each certificate that it is near its end.
    private func announceEnd() {
        let end: (source: String, date: String)? = state.withLock { state in
            guard state.announcedEnd != state.generation, let own = state.material.own,
                own.certificate.isNearItsEnd(at: WallClock.seconds)
            else {
                return nil
            }
            state.announcedEnd = state.generation
            return (own.source, own.certificate.facts.notAfter)
        }
        guard let end else { return }
        logger?.warning(
            "the client certificate expires soon",
            metadata: ["source": "\(end.source)", "date": "\(end.date)"]
        )
    }
}

extension TLSConfiguration {
    fileprivate var filePaths: [String] {
        [certificateAuthorities, certificateChain, privateKey].compactMap { material in
            if case .file(let path)? = material { path } else { nil }
        }
    }
}
