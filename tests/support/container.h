/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CONTAINER_H
#define TESTS_SUPPORT_CONTAINER_H

/* An Avro container that is wholly in memory, read block by block. */

#include "codec/avro_file.h"

struct container {
    struct fl_avro_reader *reader;
    struct fl_piece_of_file rest; /* what was not read so far */
};

/* Reads the header.  Returns FLOW_OK, or what is wrong with it and nothing to close. */
int container_open(struct container *container, const void *data, size_t size, flow_error **err);
void container_close(struct container *container);

/* Reads the next block: 1, 0 at the end, or what is wrong. */
int container_next(struct container *container, struct fl_avro_block *block);

/* Reads all of it; returns FLOW_OK or the first fault. */
int container_check(const void *data, size_t size);

#endif
