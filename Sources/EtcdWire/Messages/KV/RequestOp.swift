// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// One operation of a transaction.
package struct RequestOp: WireMessage {
    /// What the operation does.
    package indirect enum Request: Sendable, Equatable {
        case range(RangeRequest)
        case put(PutRequest)
        case deleteRange(DeleteRangeRequest)
        case txn(TxnRequest)
    }

    package var request: Request?

    package init() {}

    package init(request: Request? = nil) {
        self.request = request
    }

    package func encode(to encoder: inout WireEncoder) {
        switch self.request {
        case .range(let range): encoder.writeChosen(1, range)
        case .put(let put): encoder.writeChosen(2, put)
        case .deleteRange(let deleteRange): encoder.writeChosen(3, deleteRange)
        case .txn(let txn): encoder.writeChosen(4, txn)
        case nil: break
        }
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        // A known message is taken out before more is merged into it, so that it grows in place.
        switch field {
        case 1:
            guard try decoder.expectMessage() else { return }
            var range = if case .range(let known) = self.request { known } else { RangeRequest() }
            self.request = nil
            try decoder.readMessage(into: &range)
            self.request = .range(range)
        case 2:
            guard try decoder.expectMessage() else { return }
            var put = if case .put(let known) = self.request { known } else { PutRequest() }
            self.request = nil
            try decoder.readMessage(into: &put)
            self.request = .put(put)
        case 3:
            guard try decoder.expectMessage() else { return }
            var deleteRange =
                if case .deleteRange(let known) = self.request { known } else {
                    DeleteRangeRequest()
                }
            self.request = nil
            try decoder.readMessage(into: &deleteRange)
            self.request = .deleteRange(deleteRange)
        case 4:
            guard try decoder.expectMessage() else { return }
            var txn = if case .txn(let known) = self.request { known } else { TxnRequest() }
            self.request = nil
            try decoder.readMessage(into: &txn)
            self.request = .txn(txn)
        default: try decoder.skip()
        }
    }
}
