// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0
//
// Lets the thread sanitizer see a contended `Synchronization.Mutex`.
//
// The mutex takes and leaves a free lock by atomic operations that are inlined into our code, where the
// sanitizer sees them. A lock that is taken goes to a function of the runtime library, and there the
// kernel hands it over (FUTEX_LOCK_PI): the sanitizer sees nothing of that and reports a race wherever
// two threads met at a mutex. This library is preloaded by `make test-tsan` and takes that function's
// place: it waits for the inlined release and tells the sanitizer of it.

#include <sched.h>
#include <stdint.h>

// There only in processes that run under the sanitizer.
extern void __tsan_acquire(void *address) __attribute__((weak));

// Synchronization._MutexHandle._lockSlow(_: UInt32), given the thread's number, which is what a held
// lock's word contains.
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
__attribute__((swiftcall)) void lockSlow(uint32_t thread,
                                         __attribute__((swift_context)) uint32_t *word)
    __asm__(LOCK_SLOW);

__attribute__((swiftcall)) void lockSlow(uint32_t thread,
                                         __attribute__((swift_context)) uint32_t *word) {
    uint32_t free = 0;
    while (!__atomic_compare_exchange_n(word, &free, thread, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        free = 0;
        sched_yield();
    }
    if (__tsan_acquire) __tsan_acquire(word);
}
