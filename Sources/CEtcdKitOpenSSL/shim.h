// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

#ifndef CETCDKIT_OPENSSL_SHIM_H
#define CETCDKIT_OPENSSL_SHIM_H

#include <openssl/ssl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <openssl/pem.h>

#endif
