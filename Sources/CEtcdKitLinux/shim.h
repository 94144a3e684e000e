// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

// Swift's Glibc module leaves these headers out.

#ifndef CETCDKIT_LINUX_SHIM_H
#define CETCDKIT_LINUX_SHIM_H

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

// prctl is variadic, which Swift cannot call. Linux keeps 15 characters.
static inline void CEtcdKitLinux_nameThread(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

#endif
