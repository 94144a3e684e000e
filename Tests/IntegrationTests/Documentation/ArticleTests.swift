// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Foundation
import Testing

/// What the articles show is what is compiled here; `ArticleExampleTests` runs it.
struct ArticleTests {
    private static let folder = PackageRoot.path + "/Sources/EtcdKit/EtcdKit.docc/"
    private static let tests = PackageRoot.path + "/Tests/IntegrationTests/Documentation/"

    private func text(_ path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
    }

    private static let lockFolder = PackageRoot.path + "/Sources/RollingLock/RollingLock.docc/"

    /// The names of the articles in a folder.
    private func articles(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(".md") }
            .map { String($0.dropLast(3)) }
            .sorted()
    }

    /// The pieces of Swift in an article.
    private func examples(in article: String, of folder: String) throws -> [Substring] {
        let text = try self.text(folder + article + ".md")
        return try text.components(separatedBy: "```swift\n").dropFirst().map { rest in
            rest[..<(try #require(rest.range(of: "```")).lowerBound)]
        }
    }

    @Test
    func examplesAreTheCodeThatTheTestsCompile() throws {
        let runs =
            try self.text(Self.tests + "ArticleExampleTests.swift")
            + self.text(PackageRoot.path + "/Tests/Traits/Tests/TraitsTests/ExampleTests.swift")
        var count = 0
        let articles = try [Self.folder, Self.lockFolder].flatMap { folder in
            try self.articles(in: folder).map { ($0, folder) }
        }
        for (article, folder) in articles {
            let examples = try self.examples(in: article, of: folder)
            guard !examples.isEmpty else { continue }
            let code = try self.text(Self.tests + article + "Examples.swift")
            for example in examples {
                count += 1
                #expect(code.contains("\n\n" + example), "\(article)")
                for line in example.split(separator: "\n") {
                    let words = line.split(whereSeparator: { " (:".contains($0) })
                    guard line.hasPrefix("func ") || line.hasPrefix("struct ") else { continue }
                    #expect(runs.contains("\(words[1])("), "nobody runs \(words[1])")
                }
            }
        }
        #expect(count > 14)
    }

    @Test
    func everyRPCIsInTheTableOnce() throws {
        var known: [String] = []
        let protos = PackageRoot.path + "/Protos/"
        for file in try FileManager.default.contentsOfDirectory(atPath: protos) {
            var service = ""
            for line in try self.text(protos + file).split(separator: "\n") {
                let words = line.split(whereSeparator: { " ({".contains($0) })
                guard words.count > 1 else { continue }
                if words[0] == "service" { service = String(words[1]) }
                if words[0] == "rpc" { known.append("\(service)/\(words[1])") }
            }
        }
        #expect(known.count > 40)
        let listed = try self.text(Self.folder + "API.md").split(separator: "\n")
            .filter { $0.hasPrefix("| ") }
            .compactMap { $0.split(separator: "|").first?.trimmingCharacters(in: .whitespaces) }
            .filter { $0.contains("/") }
        #expect(listed.sorted() == known.sorted())
    }

    @Test
    func everyCodeIsExplainedOnce() throws {
        let declared = try self.text(PackageRoot.path + "/Sources/EtcdKit/EtcdError+Code.swift")
            .split(separator: "\n")
            .compactMap { line -> String? in
                let words = line.split(separator: " ")
                guard words.starts(with: ["public", "static", "let"]) else { return nil }
                return String(words[3])
            }
        #expect(declared.count > 40)
        let explained = try self.text(Self.folder + "HandlingErrors.md").split(separator: "\n")
            .filter { $0.hasPrefix("| ``EtcdError/Code/") }
            .compactMap { $0.split(separator: "`").dropFirst().first?.split(separator: "/").last }
            .map(String.init)
        #expect(explained.sorted() == declared.sorted())
    }

    @Test
    func everyTestOfFaultsExists() throws {
        let known = try self.tests()
        #expect(known.count > 1000)
        let article = try self.text(Self.folder + "Development/Faults.md")
        // What stands between backticks: every second piece.
        let quoted = article.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }.map(\.element)
        let named = quoted.filter { name in
            name.split(separator: "/").first?.hasSuffix("Tests") ?? false
        }
        #expect(named.count > 100)
        #expect(Set(named.map(String.init)).subtracting(known) == [])
    }

    /// The tests of the package as `Suite` and `Suite/function`.
    private func tests() throws -> Set<String> {
        let folder = PackageRoot.path + "/Tests/"
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder)
        var names: Set<String> = []
        for file in files where file.hasSuffix(".swift") {
            var suite = ""
            var isTest = false
            for line in try self.text(folder + file).split(separator: "\n") {
                let words = line.split(whereSeparator: { " (:<".contains($0) })
                let type = words.firstIndex { ["struct", "class", "extension"].contains($0) }
                if let type, type + 1 < words.count, !line.hasPrefix(" ") {
                    suite = String(words[type + 1])
                }
                isTest = isTest || line.contains("@Test")
                guard isTest, let keyword = words.firstIndex(of: "func") else { continue }
                names.formUnion([suite, suite + "/" + words[keyword + 1]])
                isTest = false
            }
        }
        return names
    }
}
