// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Gives the space a member's store no longer uses back to the file system.
package struct DefragmentRequest: EmptyMessage {
    package init() {}
}

/// Answer to a defragmentation.
package struct DefragmentResponse: HeaderOnlyMessage {
    package var header: ResponseHeader?

    package init(header: ResponseHeader? = nil) {
        self.header = header
    }
}
