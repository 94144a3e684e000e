// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

#ifndef CETCDKIT_PROTOBUFC_SHIM_H
#define CETCDKIT_PROTOBUFC_SHIM_H

#include <protobuf-c/protobuf-c.h>

#endif
