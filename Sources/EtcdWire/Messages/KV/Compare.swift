// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A condition of a transaction: one property of the keys of a range against a given value.
package struct Compare: WireMessage {
    /// How the property has to relate to the given value.
    package struct CompareResult: WireEnum {
        package static let equal = Self(rawValue: 0)
        package static let greater = Self(rawValue: 1)
        package static let less = Self(rawValue: 2)
        package static let notEqual = Self(rawValue: 3)

        package let rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }
    }

    /// Which property is compared.
    package struct CompareTarget: WireEnum {
        package static let version = Self(rawValue: 0)
        package static let create = Self(rawValue: 1)
        package static let mod = Self(rawValue: 2)
        package static let value = Self(rawValue: 3)
        package static let lease = Self(rawValue: 4)

        package let rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }
    }

    /// The given value, which belongs to the property that `target` names.
    package enum TargetUnion: Sendable, Equatable {
        case version(Int64)
        case createRevision(Int64)
        case modRevision(Int64)
        case value([UInt8])
        case lease(Int64)
    }

    package var result = CompareResult.equal
    package var target = CompareTarget.version
    package var key: [UInt8] = []
    package var targetUnion: TargetUnion?
    package var rangeEnd: [UInt8] = []

    package init() {}

    package init(
        result: CompareResult = .equal,
        target: CompareTarget = .version,
        key: [UInt8] = [],
        targetUnion: TargetUnion? = nil,
        rangeEnd: [UInt8] = []
    ) {
        self.result = result
        self.target = target
        self.key = key
        self.targetUnion = targetUnion
        self.rangeEnd = rangeEnd
    }

    package func encode(to encoder: inout WireEncoder) {
        encoder.write(1, self.result)
        encoder.write(2, self.target)
        encoder.write(3, self.key)
        switch self.targetUnion {
        case .version(let version): encoder.writeChosen(4, version)
        case .createRevision(let revision): encoder.writeChosen(5, revision)
        case .modRevision(let revision): encoder.writeChosen(6, revision)
        case .value(let value): encoder.writeChosen(7, value)
        case .lease(let lease): encoder.writeChosen(8, lease)
        case nil: break
        }
        encoder.write(64, self.rangeEnd)
    }

    package mutating func decode(
        field: Int,
        from decoder: inout WireDecoder
    ) throws(WireError) {
        switch field {
        case 1: try decoder.read(&self.result)
        case 2: try decoder.read(&self.target)
        case 3: try decoder.read(&self.key)
        case 4:
            if let version = try decoder.readInt64() { self.targetUnion = .version(version) }
        case 5:
            if let revision = try decoder.readInt64() {
                self.targetUnion = .createRevision(revision)
            }
        case 6:
            if let revision = try decoder.readInt64() { self.targetUnion = .modRevision(revision) }
        case 7:
            if let value = try decoder.readBytes() { self.targetUnion = .value(value) }
        case 8:
            if let lease = try decoder.readInt64() { self.targetUnion = .lease(lease) }
        case 64: try decoder.read(&self.rangeEnd)
        default: try decoder.skip()
        }
    }
}
