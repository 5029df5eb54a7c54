/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_CRC32C_H
#define FL_BASE_CRC32C_H

/*
 * CRC-32C (Castagnoli), as iSCSI, ext4 and Kafka have it: the sum of "123456789" is 0xE3069283.
 * The processor's own instructions where it has them.
 */

#include <stddef.h>
#include <stdint.h>

/* The sum of some bytes and of the SIZE bytes behind them, CRC being that of the first ones: 0 at
 * the start. */
uint32_t fl_crc32c(uint32_t crc, const void *data, size_t size);

/* The same while it copies the bytes, for which they are read once; the places do not overlap. */
uint32_t fl_crc32c_copy(uint32_t crc, void *to, const void *from, size_t size);

#endif
