// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

#ifndef CETCDKIT_NGHTTP2_SHIM_H
#define CETCDKIT_NGHTTP2_SHIM_H

#include <nghttp2/nghttp2.h>

#endif
