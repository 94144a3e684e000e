// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

#if Metrics
import CoreMetrics
#endif
#if Tracing
import Tracing
#endif

/// Those whom a configuration names to observe a client; empty without the package's traits.
struct ObservationOptions: Sendable {
    #if Metrics
    var metricsFactory: (any MetricsFactory)?
    #endif
    #if Tracing
    var tracer: (any Tracer)?
    #endif
}
