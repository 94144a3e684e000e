// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

#ifndef CEtcdKitHeap_shim_h
#define CEtcdKitHeap_shim_h

// mallinfo2, which Glibc's module lacks.
#include <malloc.h>

#endif
