// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Whether the cluster is on its way to an older version, and to which.
package struct DowngradeInfo: WireMessage {
    package var enabled = false
    package var targetVersion = ""

    package init() {}

    package init(enabled: Bool = false, targetVersion: String = "") {
        self.enabled = enabled
        self.targetVersion = targetVersion
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.enabled)
        encoder.write(2, self.targetVersion)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.enabled)
        case 2: try decoder.read(&self.targetVersion)
        default: try decoder.skip()
        }
    }
}

/// Checks, allows or calls off the way to an older version.
package struct DowngradeRequest: WireMessage {
    /// What to do about the older version.
    package struct DowngradeAction: WireEnum {
        package static let validate = Self(rawValue: 0)
        package static let enable = Self(rawValue: 1)
        package static let cancel = Self(rawValue: 2)

        package let rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }
    }

    package var action = DowngradeAction.validate
    package var version = ""

    package init() {}

    package init(action: DowngradeAction = .validate, version: String = "") {
        self.action = action
        self.version = version
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.action)
        encoder.write(2, self.version)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.action)
        case 2: try decoder.read(&self.version)
        default: try decoder.skip()
        }
    }
}

/// The version the cluster runs now.
package struct DowngradeResponse: StoreResponse {
    package var header: ResponseHeader?
    package var version = ""

    package init() {}

    package init(header: ResponseHeader? = nil, version: String = "") {
        self.header = header
        self.version = version
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.header)
        encoder.write(2, self.version)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.header)
        case 2: try decoder.read(&self.version)
        default: try decoder.skip()
        }
    }
}
