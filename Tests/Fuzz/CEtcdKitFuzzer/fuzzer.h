// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

#ifndef CETCDKIT_FUZZER_H
#define CETCDKIT_FUZZER_H

#include <stddef.h>
#include <stdint.h>

// libFuzzer as a library (https://llvm.org/docs/LibFuzzer.html); -sanitize=fuzzer links it.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

#endif
