/* SPDX-License-Identifier: Apache-2.0 */

#include <zlib.h>

#include "codec/crc32.h"

uint32_t fl_crc32(const void *data, size_t size)
{
    return (uint32_t)crc32_z(crc32_z(0, NULL, 0), data, size);
}
