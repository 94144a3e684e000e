// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What went wrong in the tests' own machinery.
package struct TestSupportError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
