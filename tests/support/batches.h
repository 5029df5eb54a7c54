/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_BATCHES_H
#define TESTS_SUPPORT_BATCHES_H

#include <flow/batch.h>

/* Whether the bodies of A, from the one at FIRST on, are those of B. */
int batches_are_equal(const flow_batch *a, size_t first, const flow_batch *b);

#endif
