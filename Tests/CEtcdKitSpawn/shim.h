// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

// Swift's Glibc module leaves out what is GNU's own.

#ifndef CETCDKIT_SPAWN_SHIM_H
#define CETCDKIT_SPAWN_SHIM_H

#include <spawn.h>

// glibc 2.34 or newer.
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);

#endif
