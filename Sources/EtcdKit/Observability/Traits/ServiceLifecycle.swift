// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

#if ServiceLifecycle
public import ServiceLifecycle

/// A client in a `ServiceGroup`: list it before the services that use it, so that it is shut down
/// after them.
extension EtcdClient: Service {
    /// Waits until the service group shuts down gracefully or the task is cancelled, and shuts the
    /// client down then.
    ///
    /// Needs the package's trait `ServiceLifecycle`. The client can be used before it runs, too.
    public func run() async {
        try? await gracefulShutdown()
        await self.shutdown()
    }
}
#endif
