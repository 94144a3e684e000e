// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import Testing

struct GeneratedCodecsTests {
    private static let suffixes = [".pb-c.c", ".pb-c.h"]

    /// The generated files of the folders, by name.
    private static func generatedFiles(in folders: [String]) throws -> [String: String] {
        var files: [String: String] = [:]
        for folder in folders {
            for name in try FileManager.default.contentsOfDirectory(atPath: folder)
            where Self.suffixes.contains(where: name.hasSuffix) {
                files[name] = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            }
        }
        return files
    }

    @Test
    func codecsAreWhatProtocCMakesOfTheProtos() async throws {
        let protos = PackageRoot.path + "/Protos"
        let names = try FileManager.default.contentsOfDirectory(atPath: protos)
            .filter { $0.hasSuffix(".proto") }
        let folder = try TemporaryDirectory("protos")
        let protocC = "/usr/bin/protoc-c"
        try #require(
            FileManager.default.isExecutableFile(atPath: protocC),
            "\(protocC) is missing: run `make packages`, or apt-get install protobuf-c-compiler"
        )
        let output = try await ChildProcess.run(
            protocC,
            ["--proto_path=\(protos)", "--c_out=\(folder.path)"] + names.map { "\(protos)/\($0)" }
        )
        #expect(output.isSuccess, "\(output)")

        let expected = try Self.generatedFiles(in: [folder.path])
        let target = PackageRoot.path + "/Tests/CEtcdProtos"
        let committed = try Self.generatedFiles(in: [target, target + "/include"])
        #expect(committed.keys.sorted() == expected.keys.sorted(), "run `make protos`")
        for (name, text) in expected {
            // A comparison outside of #expect, which would print both files.
            let isCurrent = committed[name] == text
            #expect(isCurrent, "\(name) is stale: run `make protos`, with protoc-c of Debian 12")
        }
    }
}
