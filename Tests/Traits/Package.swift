// swift-tools-version: 6.3
// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// A package of its own, because a package's tests run with one set of its traits: `make test-traits`.
let package = Package(
    name: "etcd-kit-traits",
    dependencies: [
        .package(
            name: "etcd-kit",
            path: "../..",
            traits: ["Metrics", "Tracing", "ServiceLifecycle"]
        ),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.7.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.2.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.6.0"),
    ],
    targets: [
        .testTarget(
            name: "TraitsTests",
            dependencies: [
                .product(name: "EtcdKit", package: "etcd-kit"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: [
                .swiftLanguageMode(.v6),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
                // Not what can be imported: `make docs` leaves modules of all traits behind.
                .define("ALL_TRAITS"),
            ]
        )
    ]
)
