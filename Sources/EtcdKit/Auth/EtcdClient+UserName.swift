// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdClient {
    /// The user that etcd takes this client for, as far as the client knows.
    ///
    /// That is the user of its credentials; without credentials the common name of the client
    /// certificate in use, which etcd goes by where it checks clients by certificate. It is `nil`
    /// for credentials that are tokens, and for a client that has neither.
    ///
    /// Fit for telling an operator who lacks a permission. No error, log or metric of the client
    /// contains it.
    public var userName: String? { self.core.userName }
}
