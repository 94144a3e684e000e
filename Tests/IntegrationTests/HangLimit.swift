// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

extension Trait where Self == TimeLimitTrait {
    /// Ends a test that hangs.
    ///
    /// Much longer than any test takes, for the time in which it waits for its turn to start a
    /// server counts, too.
    static var hangLimit: Self { .timeLimit(.minutes(15)) }
}
