// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

// Swift's Glibc module leaves these headers out.

#ifndef CETCDKIT_LINUX_SHIM_H
#define CETCDKIT_LINUX_SHIM_H

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <resolv.h>
#include <string.h>

// prctl is variadic, which Swift cannot call. Linux keeps 15 characters.
static inline void CEtcdKitLinux_nameThread(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

// Asks the system's name servers, or the one given, for the SRV records of a name. Blocks, for about
// ten seconds at most. Returns the size of the answer, which may be more than the capacity, or -1 with
// the cause as in h_errno. A res_state of its own makes it safe on any thread; its type is a macro's.
static inline int CEtcdKitLinux_queryServices(
    const char *name, const struct sockaddr_in *server, unsigned char *answer, int capacity, int *cause
) {
    struct __res_state state;
    memset(&state, 0, sizeof state);
    if (res_ninit(&state) != 0) {
        *cause = NETDB_INTERNAL;
        return -1;
    }
    state.retrans = 2;
    state.retry = 2;
    if (server) {
        state.nscount = 1;
        state.nsaddr_list[0] = *server;
    }
    int size = res_nquery(&state, name, C_IN, T_SRV, answer, capacity);
    *cause = size < 0 ? state.res_h_errno : 0;
    res_nclose(&state);
    return size;
}

#endif
