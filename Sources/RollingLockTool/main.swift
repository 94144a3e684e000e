// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

print("")
