/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_MD5_H
#define FL_WIRE_MD5_H

/* MD5 (RFC 1321), as a check that formats of others ask for; it protects from nobody. */

#include <stddef.h>
#include <stdint.h>

#define FL_MD5_SIZE 16

void fl_md5(const void *data, size_t size, uint8_t digest[FL_MD5_SIZE]);

#endif
