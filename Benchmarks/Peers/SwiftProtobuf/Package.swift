// swift-tools-version: 6.3
// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// A package of its own, so that the library does not depend on swift-protobuf.
let package = Package(
    name: "swift-protobuf-peer",
    dependencies: [
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0")
    ],
    targets: [
        .executableTarget(
            name: "SwiftProtobufCodecWorker",
            dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")]
        )
    ]
)
