// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Keeps account of appends to a register, each of an element of its own.
///
/// What was acknowledged is there once, in the order in which one append followed another; what is
/// unknown is there once or not at all; nothing else is there.
package struct AppendLedger: Sendable {
    private var acknowledged: [String] = []
    private var ambiguous: Set<String> = []

    package init() {}

    package mutating func acknowledged(_ element: String) { self.acknowledged.append(element) }

    package mutating func ambiguous(_ element: String) { self.ambiguous.insert(element) }

    /// Compares with what the register holds in the end.
    ///
    /// - Parameters:
    ///   - list: What the register holds.
    ///   - isOrdered: Whether all appends were made one after the other.
    /// - Returns: What is wrong.
    package func check(_ list: [String], isOrdered: Bool) -> [Violation] {
        var violations: [Violation] = []
        var places: [String: Int] = [:]
        for (place, element) in list.enumerated() {
            if places.updateValue(place, forKey: element) != nil {
                violations.append(.init(.writeTwice, "\(element) in \(list)"))
            }
        }
        let known = Set(self.acknowledged).union(self.ambiguous)
        for element in list where !known.contains(element) {
            violations.append(.init(.writeDespiteRefusal, "\(element) in \(list)"))
        }
        var last = -1
        for element in self.acknowledged {
            guard let place = places[element] else {
                violations.append(.init(.writeLost, "\(element) in \(list)"))
                continue
            }
            if isOrdered, place < last {
                violations.append(.init(.revisionWrong, "\(element) in \(list)"))
            }
            last = max(last, place)
        }
        return violations
    }
}
