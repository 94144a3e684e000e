// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A result as text and as JSON, both with the same columns.
package struct ResultTable {
    private let columns: [String]
    /// So many columns, from the left, hold words; the others hold numbers.
    private let words: Int
    private let rows: [[String]]

    package init(columns: [String], words: Int, rows: [[String]]) {
        self.columns = columns
        self.words = words
        self.rows = rows
    }

    /// Aligned columns, numbers to the right.
    package var text: String {
        let lines = [self.columns] + self.rows
        let widths = self.columns.indices.map { column in
            lines.map { $0[column].count }.max() ?? 0
        }
        return lines.map { line in
            zip(line.indices, line).map { column, field in
                let padding = String(repeating: " ", count: widths[column] - field.count)
                return column < self.words ? field + padding : padding + field
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    /// An array of objects with the columns as keys, in their order.
    package var json: String {
        let objects = self.rows.map { row in
            let fields = row.enumerated().map { $0 < self.words ? "\"\($1)\"" : $1 }
            return "  {"
                + zip(self.columns, fields).map { "\"\($0)\": \($1)" }.joined(separator: ", ")
                + "}"
        }
        return "[\n" + objects.joined(separator: ",\n") + "\n]\n"
    }
}
