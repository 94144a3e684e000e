// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

// Takes the place of glibc's malloc and its relatives in the executable that links this. A program's
// own definitions win over those of the libraries it loads, so Swift's runtime calls these as well.

#include "CEtcdKitAllocationCounter.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)

long CEtcdKitAllocationCounter_count(void) { return -1; }

#else

// What glibc calls its own.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static atomic_long count;

long CEtcdKitAllocationCounter_count(void) {
    return atomic_load_explicit(&count, memory_order_relaxed);
}

static void count_one(void) { atomic_fetch_add_explicit(&count, 1, memory_order_relaxed); }

void *malloc(size_t size) {
    count_one();
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count_one();
    return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
    count_one();
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    count_one();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count_one();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    count_one();
    *block = __libc_memalign(alignment, size);
    return *block != NULL ? 0 : ENOMEM;
}

#endif
