// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What proves that a ticket was written by the unit that its key names.
///
/// SECURITY TODO(per-unit-ownership): there is no proof yet; ``unchecked`` is all there is. Another
/// value would add its proof to every record that is written and judge every ticket that is listed.
/// It must never leave a ticket out of the queue: units that judged differently would come to
/// different holders.
struct TicketAuthenticator: Sendable {
    /// Nothing is proven, and every ticket counts.
    static let unchecked = TicketAuthenticator(verdict: "unchecked")

    /// How the ownership of tickets stands, in a word.
    let verdict: String

    /// Adds the proof to a ticket that is about to be written.
    func sign(_ record: TicketRecord) -> TicketRecord { record }
}
