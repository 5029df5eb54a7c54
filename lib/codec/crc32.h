/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_CRC32_H
#define FL_CODEC_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* The CRC-32 of gzip, zip and Java's class of that name. */
uint32_t fl_crc32(const void *data, size_t size);

#endif
