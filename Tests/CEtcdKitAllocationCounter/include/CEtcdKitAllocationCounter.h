// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

#ifndef CETCDKIT_ALLOCATION_COUNTER_H
#define CETCDKIT_ALLOCATION_COUNTER_H

/// How many blocks this process has asked the heap for, a block that was made larger included; -1
/// when a sanitizer, which brings a heap of its own, keeps that from being counted.
long CEtcdKitAllocationCounter_count(void);

#endif
