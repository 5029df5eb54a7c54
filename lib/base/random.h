/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_RANDOM_H
#define FL_BASE_RANDOM_H

#include <flow/error.h>

/* Fills DATA, of at most 256 bytes, with bytes that nobody can foretell. */
int fl_random(void *data, size_t size, flow_error **err);

#endif
