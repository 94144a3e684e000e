// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Asks a gRPC server whether it serves.
package struct HealthCheckRequest: WireMessage {
    /// Empty: the server as a whole.
    package var service = ""

    package init() {}

    package init(service: String = "") {
        self.service = service
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.service)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.service)
        default: try decoder.skip()
        }
    }
}

/// Whether a gRPC server serves.
package struct HealthCheckResponse: WireMessage {
    /// Whether the server serves.
    package struct ServingStatus: WireEnum {
        package static let unknown = Self(rawValue: 0)
        package static let serving = Self(rawValue: 1)
        package static let notServing = Self(rawValue: 2)
        package static let serviceUnknown = Self(rawValue: 3)

        package let rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }
    }

    package var status = ServingStatus.unknown

    package init() {}

    package init(status: ServingStatus = .unknown) {
        self.status = status
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.status)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.status)
        default: try decoder.skip()
        }
    }
}
