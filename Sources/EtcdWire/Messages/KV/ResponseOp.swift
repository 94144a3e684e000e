// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The answer to one operation of a transaction.
package struct ResponseOp: WireMessage {
    /// The answer, of the same kind as the operation.
    package indirect enum Response: Sendable, Equatable {
        case range(RangeResponse)
        case put(PutResponse)
        case deleteRange(DeleteRangeResponse)
        case txn(TxnResponse)
    }

    package var response: Response?

    package init() {}

    package init(response: Response? = nil) {
        self.response = response
    }

    package func encode(to encoder: inout WireEncoder) {
        switch self.response {
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
            var range = if case .range(let known) = self.response { known } else { RangeResponse() }
            self.response = nil
            try decoder.readMessage(into: &range)
            self.response = .range(range)
        case 2:
            guard try decoder.expectMessage() else { return }
            var put = if case .put(let known) = self.response { known } else { PutResponse() }
            self.response = nil
            try decoder.readMessage(into: &put)
            self.response = .put(put)
        case 3:
            guard try decoder.expectMessage() else { return }
            var deleteRange =
                if case .deleteRange(let known) = self.response { known } else {
                    DeleteRangeResponse()
                }
            self.response = nil
            try decoder.readMessage(into: &deleteRange)
            self.response = .deleteRange(deleteRange)
        case 4:
            guard try decoder.expectMessage() else { return }
            var txn = if case .txn(let known) = self.response { known } else { TxnResponse() }
            self.response = nil
            try decoder.readMessage(into: &txn)
            self.response = .txn(txn)
        default: try decoder.skip()
        }
    }
}
