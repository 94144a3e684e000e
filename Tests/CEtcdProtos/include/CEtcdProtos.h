// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

// The codecs that protoc-c makes of Protos/: `make protos` writes all other files of this target.

#ifndef CETCDPROTOS_H
#define CETCDPROTOS_H

#include "auth.pb-c.h"
#include "health.pb-c.h"
#include "kv.pb-c.h"
#include "rpc.pb-c.h"
#include "v3election.pb-c.h"
#include "v3lock.pb-c.h"

#endif
