// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The headers of calls, prepared once per method and metadata.
extension Connection {
    struct PreparedHeaders {
        let method: GRPCMethod
        let metadata: GRPCMetadata
        let headers: HTTP2Headers
    }

    /// The headers of a call, prepared at its first use.
    func headers(for call: GRPCCall) -> HTTP2Headers {
        for prepared in self.preparedHeaders
        where prepared.method === call.method && prepared.metadata === call.metadata {
            return prepared.headers
        }
        let headers = HTTP2Headers(
            [
                (":method", "POST"),
                (":scheme", self.endpoint.usesTLS ? "https" : "http"),
                (":path", call.method.path),
                (":authority", self.endpoint.authority),
                ("te", "trailers"),
                ("content-type", "application/grpc"),
                ("user-agent", self.configuration.userAgent),
            ] + call.metadata.entries
        )
        if call.metadata.isForOneCall { return headers }
        if self.preparedHeaders.count >= 32 {
            // Tokens change now and then; what is still in use is prepared again.
            self.preparedHeaders.removeAll()
        }
        self.preparedHeaders.append(
            PreparedHeaders(method: call.method, metadata: call.metadata, headers: headers)
        )
        return headers
    }
}
