// swift-tools-version: 6.3
// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
]

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let argumentParser: Target.Dependency = .product(
    name: "ArgumentParser",
    package: "swift-argument-parser"
)
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let systemPackage: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "etcd-kit",
    products: [
        .library(name: "EtcdKit", targets: ["EtcdKit"]),
        .library(name: "RollingLock", targets: ["RollingLock"]),
        .executable(name: "rolling-lock", targets: ["RollingLockTool"]),
    ],
    traits: [
        .trait(
            name: "Metrics",
            description: "Metrics of clients, by swift-metrics."
        ),
        .trait(
            name: "Tracing",
            description: "A span for each call, by swift-distributed-tracing."
        ),
        .trait(
            name: "ServiceLifecycle",
            description: "EtcdClient as a Service, by swift-service-lifecycle."
        ),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
        // Fetched only if the trait of the name is enabled.
        .package(url: "https://github.com/apple/swift-metrics", from: "2.7.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.2.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.6.0"),
    ],
    targets: [
        // C: epoll, eventfd and timerfd, which Glibc's module lacks.
        .systemLibrary(name: "CEtcdKitLinux"),
        // C: HTTP/2 framing, HPACK and flow control.
        .systemLibrary(
            name: "CEtcdKitNGHTTP2",
            pkgConfig: "libnghttp2",
            providers: [.apt(["libnghttp2-dev"])]
        ),
        // C: TLS, with the macros Swift cannot import as functions.
        .systemLibrary(
            name: "CEtcdKitOpenSSL",
            pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"])]
        ),

        // Values ⇄ bytes: the etcd messages in protobuf's wire format.
        .target(name: "EtcdWire", swiftSettings: settings),
        // Bytes ⇄ calls: socket, TLS, HTTP/2, gRPC. Knows nothing of etcd.
        .target(
            name: "EtcdTransport",
            dependencies: ["CEtcdKitLinux", "CEtcdKitNGHTTP2", "CEtcdKitOpenSSL", logging],
            swiftSettings: settings
        ),
        // The client.
        .target(
            name: "EtcdKit",
            dependencies: [
                "EtcdWire", "EtcdTransport", logging,
                .product(
                    name: "CoreMetrics",
                    package: "swift-metrics",
                    condition: .when(traits: ["Metrics"])
                ),
                .product(
                    name: "Tracing",
                    package: "swift-distributed-tracing",
                    condition: .when(traits: ["Tracing"])
                ),
                .product(
                    name: "ServiceLifecycle",
                    package: "swift-service-lifecycle",
                    condition: .when(traits: ["ServiceLifecycle"])
                ),
            ],
            swiftSettings: settings
        ),
        // Fair locks for rolling operations, on the client's public API only.
        .target(name: "RollingLock", dependencies: ["EtcdKit", logging], swiftSettings: settings),
        // Signals and the boot clock, for the executables.
        .target(name: "ProcessControl", swiftSettings: settings),
        // Certificates for clients of etcd, made and read, for the command.
        .target(
            name: "ClientCertificates",
            dependencies: ["CEtcdKitOpenSSL"],
            swiftSettings: settings
        ),
        // The command `rolling-lock`.
        .executableTarget(
            name: "RollingLockTool",
            dependencies: [
                "ClientCertificates", "ProcessControl", "RollingLock", "EtcdKit", logging,
                argumentParser, subprocess, systemPackage,
            ],
            swiftSettings: settings
        ),
        // `make demo`: a rolling restart of five units on a throw-away etcd.
        .executableTarget(
            name: "RollingRestartDemo",
            dependencies: [
                "ProcessControl", "RollingLock", "EtcdKit", logging, argumentParser, subprocess,
                systemPackage,
            ],
            swiftSettings: settings
        ),

        // Tests.
        .systemLibrary(name: "CEtcdKitSpawn", path: "Tests/CEtcdKitSpawn"),
        .target(
            name: "EtcdTestSupport",
            dependencies: [
                "EtcdKit", "EtcdTransport", "CEtcdKitNGHTTP2", "CEtcdKitOpenSSL", "CEtcdKitSpawn",
                logging, subprocess,
            ],
            path: "Tests/EtcdTestSupport",
            swiftSettings: settings
        ),
        // C: protobuf's runtime, and the codecs it runs, generated from Protos/ by `make protos`: what
        // EtcdWire is compared with.
        .systemLibrary(
            name: "CEtcdKitProtobufC",
            path: "Tests/CEtcdKitProtobufC",
            pkgConfig: "libprotobuf-c",
            providers: [.apt(["libprotobuf-c-dev"])]
        ),
        .target(
            name: "CEtcdProtos",
            dependencies: ["CEtcdKitProtobufC"],
            path: "Tests/CEtcdProtos"
        ),
        // C: a malloc that counts, and a program that tells what decoding takes of it.
        .target(name: "CEtcdKitAllocationCounter", path: "Tests/CEtcdKitAllocationCounter"),
        .executableTarget(
            name: "AllocationProbe",
            dependencies: ["EtcdWire", "CEtcdKitAllocationCounter"],
            path: "Tests/AllocationProbe",
            swiftSettings: settings
        ),
        // What connecting, watching and calling leave behind.
        .systemLibrary(name: "CEtcdKitHeap", path: "Tests/CEtcdKitHeap"),
        .executableTarget(
            name: "LeakProbe",
            dependencies: ["EtcdKit", "CEtcdKitHeap"],
            path: "Tests/LeakProbe",
            swiftSettings: settings
        ),
        // What a process believes to hold, and that can be stopped.
        .executableTarget(
            name: "HolderProbe",
            dependencies: ["EtcdKit", "ProcessControl", "RollingLock"],
            path: "Tests/HolderProbe",
            swiftSettings: settings
        ),
        // What `make chaos-lock` kills and stops: asks for a lock again and again.
        .executableTarget(
            name: "LockContender",
            dependencies: ["RollingLock", "EtcdKit", "EtcdTestSupport", logging, argumentParser],
            path: "Tests/LockContender",
            swiftSettings: settings
        ),
        // `make chaos` and `make chaos-lock`: a cluster under faults, and oracles that judge what
        // clients saw.
        .executableTarget(
            name: "Chaos",
            dependencies: [
                "EtcdKit", "EtcdTestSupport", "ProcessControl", logging, argumentParser,
            ],
            path: "Tests/Chaos",
            swiftSettings: settings
        ),
        .testTarget(
            name: "EtcdTestSupportTests",
            dependencies: ["EtcdTestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "EtcdWireTests",
            dependencies: [
                "EtcdWire", "EtcdTestSupport", "CEtcdProtos", "CEtcdKitProtobufC",
                "AllocationProbe",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "EtcdTransportTests",
            dependencies: [
                "CEtcdKitNGHTTP2", "EtcdTransport", "EtcdWire", "EtcdTestSupport", logging,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "EtcdKitTests",
            dependencies: ["EtcdKit", "EtcdTransport", "EtcdWire", "EtcdTestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "RollingLockTests",
            dependencies: ["RollingLock", "EtcdKit", "EtcdTestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "RollingLock", "EtcdKit", "EtcdTransport", "EtcdWire", "EtcdTestSupport",
                "RollingLockTool", "RollingRestartDemo", "Chaos", "LeakProbe", "HolderProbe",
                "LockContender", "ProcessControl", logging, subprocess,
            ],
            swiftSettings: settings
        ),

        // Tables of results, for both benchmarks.
        .target(
            name: "BenchmarkReport",
            path: "Benchmarks/BenchmarkReport",
            swiftSettings: settings
        ),
        // Measured side by side with other clients by `make bench`.
        .executableTarget(
            name: "EtcdBenchmarks",
            dependencies: ["BenchmarkReport", "EtcdTestSupport", argumentParser],
            path: "Benchmarks/EtcdBenchmarks",
            swiftSettings: settings
        ),
        // The part of it that uses the library, in a process of its own.
        .executableTarget(
            name: "EtcdBenchmarkWorker",
            dependencies: ["RollingLock", "EtcdKit"],
            path: "Benchmarks/EtcdBenchmarkWorker",
            swiftSettings: settings
        ),
        // Both clients while members fail, by `make bench-faults`.
        .executableTarget(
            name: "FaultBenchmarks",
            dependencies: ["BenchmarkReport", "EtcdKit", "EtcdTestSupport", argumentParser],
            path: "Benchmarks/FaultBenchmarks",
            swiftSettings: settings
        ),
        // The part of it that is measured, in a process of its own.
        .executableTarget(
            name: "FaultBenchmarkWorker",
            dependencies: ["EtcdKit"],
            path: "Benchmarks/FaultBenchmarkWorker",
            swiftSettings: settings
        ),
        // What a rolling operation costs, by `make bench-roll`.
        .executableTarget(
            name: "RollBenchmarks",
            dependencies: [
                "BenchmarkReport", "EtcdKit", "EtcdTestSupport", "RollingLock", argumentParser,
            ],
            path: "Benchmarks/RollBenchmarks",
            swiftSettings: settings
        ),
        // The codecs side by side with swift-protobuf's, by `make bench-codecs`.
        .executableTarget(
            name: "CodecBenchmarks",
            dependencies: ["BenchmarkReport", "EtcdTestSupport", argumentParser],
            path: "Benchmarks/CodecBenchmarks",
            swiftSettings: settings
        ),
        // The part of it that uses the codecs, in a process of its own.
        .executableTarget(
            name: "EtcdCodecWorker",
            dependencies: ["EtcdWire"],
            path: "Benchmarks/EtcdCodecWorker",
            swiftSettings: settings
        ),
    ]
)

// `make fuzz`: libFuzzer on everything that reads bytes from the network. Not there without the
// variable, because it only links with -sanitize=fuzzer.
if Context.environment["ETCDKIT_FUZZ"] != nil {
    package.targets += [
        .systemLibrary(name: "CEtcdKitFuzzer", path: "Tests/Fuzz/CEtcdKitFuzzer"),
        .executableTarget(
            name: "Fuzzer",
            dependencies: ["EtcdTransport", "EtcdWire", "CEtcdKitFuzzer"],
            path: "Tests/Fuzz/Fuzzer",
            swiftSettings: settings
        ),
    ]
}
